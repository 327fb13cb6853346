// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// childServers are the servers that this process has started and not ended.
func childServers() []int {
	var pids []int
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, file := range files {
		var pid, parent int
		var name, state string
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if _, err := fmt.Sscan(string(content), &pid, &name, &state, &parent); err == nil && name == "(postgres)" && parent == os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// A server ends with the process that has started it, even if that is killed.
func TestServersEndWithTheirProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "server")
	helper := exec.CommandContext(t.Context(), os.Args[0])
	helper.Env = append(os.Environ(), childVariable+"="+dir)
	output, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	port, found := strings.CutPrefix(strings.TrimSpace(line), "port ")
	if !found {
		t.Fatalf("the helper says %q", line)
	}
	if pids := serversIn(t, dir); len(pids) == 0 {
		t.Fatal("the helper has no server")
	}
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait()
	killed := time.Now()
	for len(serversIn(t, dir)) > 0 {
		if time.Since(killed) > time.Minute {
			t.Fatal("the server has outlived its process")
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("gone %s after its process", time.Since(killed))

	s := open(t, dir)
	if strconv.Itoa(s.Port()) != port {
		t.Errorf("the port is %d, want that of before, %s", s.Port(), port)
	}
	connect(t, s, alice, "")
}

// serversIn finds the processes that work in the data directory of a server.
func serversIn(t *testing.T, dir string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == filepath.Join(dir, "data") {
			found = append(found, link)
		}
	}
	return found
}

// Remove frees the shared memory of a killed server.
func TestRemoveFreesMemory(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	note, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	segment := strings.Fields(strings.Split(string(note), "\n")[6])[1]
	held := func() bool {
		table, err := os.ReadFile("/proc/sysvipc/shm")
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`(?m)^\s*-?\d+\s+` + segment + `\s`).Match(table)
	}
	if !held() {
		t.Fatalf("there is no shared memory %s", segment)
	}
	if err := syscall.Kill(postgres.PID(s), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ended(t, s)
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if held() {
		t.Errorf("the shared memory %s is left behind", segment)
	}
}

func TestServersAreUnprivileged(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", postgres.PID(s)))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(status), "\nUid:\t0\t") || strings.Contains(string(status), "\nGid:\t0\t") {
		t.Error("the server runs as root")
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", postgres.PID(s)))
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range bytes.Split(bytes.TrimRight(environ, "\x00"), []byte{0}) {
		if name, _, _ := strings.Cut(string(variable), "="); name != "PATH" && name != "LC_ALL" && !strings.HasPrefix(name, "PG_") {
			t.Errorf("the server gets to see %s", name)
		}
	}
}

// If this process is root, the tests run once more as an ordinary user.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("this is an ordinary user")
	}
	i := find(t)
	dir, err := os.MkdirTemp("/tmp", "ordinary") //nolint:usetesting // t.TempDir is closed to others.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary := filepath.Join(dir, "tests")
	copyFile(t, os.Args[0], binary)
	for _, path := range []string{dir, binary} {
		if err := i.Chown(path); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.v", "-test.run",
		"^(TestCreateRefusedByPermissions|TestOpenAfterKill|TestServersEndWithTheirProcess)$")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := i.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || strings.Count(output.String(), "--- PASS") != 3 {
		t.Errorf("as an ordinary user: %v\n%s", err, output.String())
	}
}

func TestCreateRefusedByPermissions(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	parent := t.TempDir()
	if err := os.Chmod(parent, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := find(t).Create(t.Context(), filepath.Join(parent, "server"), alice)
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), parent) {
		t.Errorf("Create = %v, want an error that names the directory", err)
	}
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=72m"); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	fill(t, disk, 20<<20)
	dir := filepath.Join(disk, "server")
	_, err := find(t).Create(t.Context(), dir, alice)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Create = %v, want no space left", err)
	}
	if exists(dir) {
		t.Error("a failed Create leaves a directory behind")
	}
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	s, err := find(t).Create(t.Context(), dir, alice)
	if err != nil {
		t.Fatal(err)
	}
	removeLater(t, s)

	// The source cannot archive its log: the restore waits, and says why.
	fill(t, disk, 72<<20)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if log, err := os.ReadFile(filepath.Join(dir, "server.log")); err != nil || bytes.Contains(log, []byte("archive command failed")) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, err = s.Restore(ctx, time.Now(), filepath.Join(t.TempDir(), "restored"))
	if err == nil || !strings.Contains(err.Error(), "No space left on device") {
		t.Errorf("Restore = %v, want the log's own words", err)
	}
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
}

// fill writes to a disk until it is so much fuller, or full.
func fill(t *testing.T, disk string, size int) {
	t.Helper()
	err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, size), 0o600)
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
