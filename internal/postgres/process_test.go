// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func TestCrashIsNoticed(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	select {
	case <-s.Done():
		t.Fatal("a running server is said to have ended")
	default:
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	// An administrator shuts the server down.
	if err := syscall.Kill(postgres.PID(s), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	ended(t, s)
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "received fast shutdown request") {
		t.Errorf("Err = %v, want an error with the log", err)
	}
	if err := s.SetPassword(t.Context(), "alice", "another-secret"); err == nil || !strings.Contains(err.Error(), "has ended by itself") {
		t.Errorf("SetPassword = %v, want why the server has ended", err)
	}
}

func TestOpenAfterKill(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	conn := connect(t, s, alice, "")
	execute(t, conn, "CREATE TABLE t (n int)")
	for range 50 {
		execute(t, conn, "INSERT INTO t VALUES (1)")
	}
	if err := syscall.Kill(postgres.PID(s), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ended(t, s)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	if got := count(t, again); got != 50 {
		t.Errorf("%d of 50 commits are there", got)
	}
	// The archive has no gap.
	r, _ := restore(t, again, now(t, connect(t, again, alice, "")))
	if got := count(t, r); got != 50 {
		t.Errorf("%d of 50 commits are restored", got)
	}
}

// Open ends a server that has outlived its process, with all of its sessions, before it starts another on the same
// data.
func TestOpenEndsALeftoverServer(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	conn := connect(t, s, alice, "")
	execute(t, conn, "CREATE TABLE t AS SELECT 7 AS n")
	if err := postgres.Abandon(s); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	ended(t, s)
	if got := count(t, again); got != 1 {
		t.Errorf("there are %d rows, want 1", got)
	}
	if _, err := conn.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("a session of the old server goes on")
	}
}

// Create replaces what an unfinished attempt has left.
func TestCreateReplacesAnUnfinishedServer(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	if err := os.Remove(filepath.Join(dir, "server.json")); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Abandon(s); err != nil {
		t.Fatal(err)
	}
	if _, err := find(t).Open(t.Context(), dir); err == nil {
		t.Error("an unfinished server was opened")
	}
	again, err := find(t).Create(t.Context(), dir, alice)
	if err != nil {
		t.Fatal(err)
	}
	removeLater(t, again)
	ended(t, s)
	connect(t, again, alice, "")
}

// A failed Create leaves nothing behind.
func TestFailedCreateLeavesNothing(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	bad := postgres.Role{Name: "alice", Password: "späße"}
	if _, err := find(t).Create(t.Context(), filepath.Join(parent, "password"), bad); err == nil || strings.Contains(err.Error(), "späße") {
		t.Errorf("a password that is not ASCII: %v", err)
	}
	taken := postgres.Role{Name: "pg_monitor", Password: "long-enough"}
	if _, err := find(t).Create(t.Context(), filepath.Join(parent, "role"), taken); err == nil || !strings.Contains(err.Error(), "pg_monitor") {
		t.Errorf("a name that the server keeps to itself: %v", err)
	}
	if _, err := find(t).Create(t.Context(), filepath.Join(parent, "no", "parent"), alice); err == nil {
		t.Error("a server was made in a directory that is not there")
	}
	left, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("%s is left behind", left[0].Name())
	}
}
