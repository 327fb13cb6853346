// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func TestServerThatCrashesIsStartedAgain(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	b.stable = 0
	address := provision(t, b, "orders")
	execute(t, connect(t, address, admin, ""), "CREATE TABLE t AS SELECT 7 AS n")
	server := kill(t, b)
	deadline := time.Now().Add(time.Minute)
	for {
		if again, err := b.server("orders"); err == nil && again != server {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server is not started again")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := value[int](t, connect(t, address, admin, ""), "SELECT n FROM t"); got != 7 {
		t.Errorf("n = %d, want 7", got)
	}
}

func TestServerThatCrashesAgainIsStartedLater(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	b.stable, b.pause = time.Hour, time.Hour
	downs, ups := make(chan string, 10), make(chan backend.Address, 10)
	b.down, b.up = func(instance string) { downs <- instance }, func(_ string, at backend.Address) { ups <- at }
	address := provision(t, b, "orders")
	kill(t, b)
	if down, at := <-downs, <-ups; down != "orders" || at != address {
		t.Errorf("the server of %q was reported down, and up at %s", down, at)
	}
	// After the second crash the backend waits before it starts the server again.
	server := kill(t, b)
	<-downs
	if err := b.SetPassword(t.Context(), "orders", admin); err == nil || !strings.Contains(err.Error(), "has ended by itself") {
		t.Errorf("SetPassword = %v, want that the server has ended", err)
	}
	if again, err := b.server("orders"); err != nil || again != server {
		t.Errorf("the server was started again at once: %v", err)
	}
	if _, err := b.Restore(t.Context(), "orders", "restored", time.Now()); err != nil {
		t.Errorf("what the server has left behind is not restored: %v", err)
	}
	if err := b.Destroy(t.Context(), "orders"); err != nil {
		t.Error(err)
	}
}

// A server that hangs while it is started again does not delay the end of the backend.
func TestCloseEndsARestart(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	var output bytes.Buffer
	b.log = log.New(&output, "", 0)
	provision(t, b, "orders")
	data := filepath.Join(b.path("orders"), "data")
	for name, content := range map[string]string{"recovery.signal": "", "postgresql.auto.conf": "restore_command = 'sleep 600'\n"} {
		if err := os.WriteFile(filepath.Join(data, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before := firstLine(t, filepath.Join(data, "postmaster.pid"))
	kill(t, b)
	deadline := time.Now().Add(time.Minute)
	for {
		if pid, err := os.ReadFile(filepath.Join(data, "postmaster.pid")); err == nil && len(pid) > 0 && !strings.HasPrefix(string(pid), before+"\n") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server is not started again")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if strings.Contains(output.String(), "the next attempt is in") {
		t.Errorf("Close waited for an attempt to start the server:\n%s", output.String())
	}
}

// kill kills the server of the instance orders, and returns it when it has ended.
func kill(t *testing.T, b *Backend) *postgres.Server {
	t.Helper()
	server, err := b.server("orders")
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(firstLine(t, filepath.Join(b.path("orders"), "data", "postmaster.pid")))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	return server
}
