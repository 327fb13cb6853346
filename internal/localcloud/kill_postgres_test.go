// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localcloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// killed is a local cloud with real servers that is killed repeatedly.
type killed struct {
	dir       string
	cloud     *child
	passwords map[string]string // what was answered as set
}

func (k *killed) do(t *testing.T, method, path, body string) {
	t.Helper()
	if _, ok := k.cloud.done(t.Context(), t, method, path, body); !ok {
		t.Fatalf("%s %s is not carried out", method, path)
	}
}

func (k *killed) create(t *testing.T, name string) {
	t.Helper()
	k.do(t, "POST", "databases/userdb", `{"Name":"`+name+`","AdminName":"alice","AdminPassword":"12345678"}`)
	k.passwords[name] = "12345678"
}

// addresses waits until no work is under way, and returns the addresses of the instances.
func (k *killed) addresses(t *testing.T) map[string]backend.Address {
	t.Helper()
	// At first the status does not show that a password is still to be set.
	for pending := true; pending; pause(t.Context(), time.Millisecond) {
		state, err := os.ReadFile(filepath.Join(k.dir, "state.json"))
		if err != nil || t.Context().Err() != nil {
			t.Fatal(err)
		}
		pending = strings.Contains(string(state), `"password":`)
	}
	instances, _ := k.cloud.settled(t)
	addresses := map[string]backend.Address{}
	for _, i := range instances {
		if i.Status != statusAvailable {
			t.Fatalf("%+v\n%s", i, k.cloud.stderr.String())
		}
		addresses[i.PostgresInstanceName] = backend.Address{Host: i.HostName, Port: i.Port}
	}
	return addresses
}

// rows counts the committed rows.
func (k *killed) rows(t *testing.T, name string, at backend.Address) int {
	t.Helper()
	count := 0
	if err := k.connect(t, name, at).QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// connect logs in with the password that was accepted.
func (k *killed) connect(t *testing.T, name string, at backend.Address) *pgx.Conn {
	t.Helper()
	conn, err := postgres.Connect(t.Context(), postgres.Login{
		Host: at.Host, Port: at.Port, Role: postgres.Role{Name: "alice", Password: k.passwords[name]}, TLS: "disable",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (k *killed) execute(t *testing.T, at backend.Address, statement string) {
	t.Helper()
	if _, err := k.connect(t, "base", at).Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// TestKilledWithServers kills a local cloud while it makes, restores and removes real servers. The servers end with it,
// and nothing that was committed is lost.
func TestKilledWithServers(t *testing.T) {
	t.Parallel()
	k := &killed{dir: t.TempDir(), passwords: map[string]string{}}
	k.cloud = startChild(t, "postgres", k.dir)
	k.create(t, "base")
	base := k.addresses(t)["base"]
	k.execute(t, base, "CREATE TABLE t (n int)")
	for round := range 3 {
		k.put(t, base)
		k.work(t, round)
		pause(t.Context(), time.Duration(rand.IntN(300))*time.Millisecond)
		switch round {
		case 1: // A server does not notice that it is gone.
			resume := k.stopServer(t, "base")
			k.cloud.kill()
			k.cloud = launchChild(t, "postgres", k.dir)
			resume(t)
			k.cloud.ready(t)
		case 2: // It is killed once more while it starts.
			k.cloud.kill()
			k.cloud = launchChild(t, "postgres", k.dir)
			pause(t.Context(), time.Duration(rand.IntN(100))*time.Millisecond)
			fallthrough
		default:
			k.cloud.kill()
			k.cloud = startChild(t, "postgres", k.dir)
		}
		base = k.check(t, round)
	}
	addresses := k.addresses(t)
	k.cloud.end(t)
	k.gone(t, addresses)
}

// put commits one more row.
func (k *killed) put(t *testing.T, at backend.Address) {
	t.Helper()
	k.execute(t, at, "INSERT INTO t VALUES (1)")
}

// work starts other work in each round, and a change of the password.
func (k *killed) work(t *testing.T, round int) {
	t.Helper()
	switch round {
	case 0:
		k.create(t, "made")
	case 1:
		k.passwords["restored"] = k.passwords["base"]
		k.do(t, "POST", "databases/userdb/base/restore", `{"RestoreName":"restored","RestoreTimestamp":"`+time.Now().UTC().Format(time.RFC3339Nano)+`"}`)
	case 2:
		k.do(t, "DELETE", "databases/userdb/made", "")
	}
	password := fmt.Sprintf("password-%d", round)
	k.do(t, "POST", "databases/userdb/base/credentials", `{"Password":"`+password+`"}`)
	k.passwords["base"] = password
}

// check compares the instances with what work was promised, and returns the address of base.
func (k *killed) check(t *testing.T, round int) backend.Address {
	t.Helper()
	addresses := k.addresses(t)
	want := [][]string{{"base", "made"}, {"base", "made", "restored"}, {"base", "restored"}}[round]
	if names := slices.Sorted(maps.Keys(addresses)); !slices.Equal(names, want) {
		t.Fatalf("there is %q, want %q", names, want)
	}
	if got := k.rows(t, "base", addresses["base"]); got != round+1 {
		t.Errorf("there are %d rows, want %d", got, round+1)
	}
	if at, ok := addresses["restored"]; ok {
		if got := k.rows(t, "restored", at); got != 2 {
			t.Errorf("%d rows are restored, want 2", got)
		}
	}
	if at, ok := addresses["made"]; ok {
		k.connect(t, "made", at)
	}
	folders, err := os.ReadDir(filepath.Join(k.dir, "instances"))
	if err != nil || len(folders) != len(want) {
		t.Errorf("for %q there is %v: %v", want, folders, err)
	}
	return addresses["base"]
}

// stopServer stops the process of a server, so that it does not notice the death of its local cloud. resume continues
// it once the next local cloud has locked its directory.
func (k *killed) stopServer(t *testing.T, instance string) (resume func(*testing.T)) {
	t.Helper()
	folder := filepath.Join(k.dir, "instances", instance)
	note, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(note), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) {
		t.Helper()
		defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for !k.locks(t, filepath.Join(folder, "lock")) {
			if !pause(ctx, time.Millisecond) {
				t.Fatalf("it does not take over what it finds:\n%s", k.cloud.stderr.String())
			}
		}
	}
}

// locks tells whether the local cloud has locked a file. Only Linux shows that. On other systems a test could only try
// the lock, and would be in the way.
func (k *killed) locks(t *testing.T, path string) bool {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || runtime.GOOS != "linux" {
		return true
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(locks)) {
		fields := strings.Fields(line)
		if len(fields) > 5 && fields[4] == strconv.Itoa(k.cloud.process.Process.Pid) && strings.HasSuffix(fields[5], fmt.Sprintf(":%d", stat.Ino)) {
			return true
		}
	}
	return false
}

// gone checks that no server runs any more.
func (k *killed) gone(t *testing.T, addresses map[string]backend.Address) {
	t.Helper()
	for name, at := range addresses {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.String())
		if err == nil {
			_ = conn.Close()
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s still answers: %v", name, err)
		}
	}
	if left := processesBelow(t, k.dir); len(left) > 0 {
		t.Errorf("left running: %q", left)
	}
}

// processesBelow finds the processes that work in a folder, on Linux.
func processesBelow(t *testing.T, dir string) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		return nil
	}
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dir+"/") {
			found = append(found, link+" "+target)
		}
	}
	return found
}
