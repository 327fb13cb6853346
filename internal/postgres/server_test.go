// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	s, dir := create(t)

	conn := connect(t, s, alice, "")
	for query, want := range map[string]string{
		"SELECT rolsuper || ' ' || rolcreatedb || ' ' || rolcreaterole FROM pg_roles WHERE rolname = 'alice'":     "false true true",
		"SELECT rolsuper || ' ' || rolcreatedb || ' ' || rolcreaterole FROM pg_roles WHERE rolname = 'dbosadmin'": "false true true",
		"SHOW listen_addresses":     "127.0.0.1",
		"SHOW archive_mode":         "on",
		"SHOW server_encoding":      "UTF8",
		"SELECT lower('ÄÖ')":        "äö",
		"SELECT current_database()": "postgres",
	} {
		if got := value[string](t, conn, query); got != want {
			t.Errorf("%s = %q, want %q", query, got, want)
		}
	}
	execute(t, conn, "CREATE TABLE mine (id int)", "CREATE DATABASE another", "CREATE ROLE bob LOGIN")
	refused(t, s, postgres.Role{Name: "alice", Password: "something else"})
	refused(t, s, postgres.Role{Name: "postgres", Password: "postgres"})
	refused(t, s, postgres.Role{Name: "bob"})
	connect(t, s, s.Application(), "")

	if info, err := os.Stat(filepath.Join(dir, "data")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data directory is %v, %v, want it closed to others", info, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "server.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the passwords is %v, %v, want it closed to others", info, err)
	}
	if _, err := find(t).Create(t.Context(), dir, alice); err == nil {
		t.Error("a server was made where another runs")
	}
}

func TestServersMadeAtOnceAreSeparate(t *testing.T) {
	t.Parallel()
	type result struct {
		server *postgres.Server
		admin  postgres.Role
		err    error
	}
	results := make(chan result)
	parent := t.TempDir()
	const servers = 3
	for n := range servers {
		go func() {
			admin := postgres.Role{Name: "admin" + strconv.Itoa(n), Password: "password" + strconv.Itoa(n)}
			s, err := find(t).Create(t.Context(), filepath.Join(parent, strconv.Itoa(n)), admin)
			results <- result{s, admin, err}
		}()
	}
	ports, passwords := map[int]bool{}, map[string]bool{}
	for range servers {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
			continue
		}
		removeLater(t, r.server)
		ports[r.server.Port()], passwords[r.server.Application().Password] = true, true
		conn := connect(t, r.server, r.admin, "")
		if got := value[int](t, conn, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'admin%'"); got != 1 {
			t.Errorf("the server of %s knows %d admins", r.admin.Name, got)
		}
	}
	if len(ports) != servers || len(passwords) != servers {
		t.Errorf("%d servers have %d ports and %d passwords", servers, len(ports), len(passwords))
	}
}

func TestStopAndOpen(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	conn := connect(t, s, alice, "")
	execute(t, conn, "CREATE TABLE t AS SELECT 7 AS n")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended(t, s)
	if err := s.Err(); err != nil {
		t.Errorf("a stopped server says %v", err)
	}
	if err := s.SetPassword(t.Context(), "alice", "another-secret"); err == nil {
		t.Error("a stopped server sets passwords")
	}

	again := open(t, dir)
	if again.Port() != s.Port() || again.RestorableSince() != s.RestorableSince() || again.Application() != s.Application() {
		t.Error("the server is not what it was")
	}
	if got := value[int](t, connect(t, again, alice, ""), "SELECT n FROM t"); got != 7 {
		t.Errorf("n = %d, want 7", got)
	}
	if _, err := find(t).Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a server was opened twice: %v", err)
	}
}

func TestOpenOnTakenPort(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var config net.ListenConfig
	squatter, err := config.Listen(t.Context(), "tcp4", net.JoinHostPort(s.Host(), strconv.Itoa(s.Port())))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = squatter.Close() }()
	again := open(t, dir)
	if again.Port() == s.Port() {
		t.Error("two listen on one port")
	}
	connect(t, again, alice, "")
}

func TestOpenWithoutServer(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "missing")} {
		if _, err := find(t).Open(t.Context(), dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), dir) {
			t.Errorf("Open = %v, want an error that names the directory", err)
		}
		if err := find(t).Remove(t.Context(), dir); err != nil {
			t.Error(err)
		}
		if exists(dir) {
			t.Errorf("%s is still there", dir)
		}
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	connect(t, s, alice, "")
	for range 2 {
		if err := s.Remove(); err != nil {
			t.Fatal(err)
		}
	}
	ended(t, s)
	if exists(dir) {
		t.Error("the directory is still there")
	}
}

func TestOpenOtherVersion(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(dir, "server.json"), `"version": "`, `"version": "9`)
	if _, err := find(t).Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "was made by PostgreSQL 9") {
		t.Errorf("Open = %v, want an error that names the version", err)
	}
}

func TestFailedStartShowsLog(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(dir, "data", "postgresql.conf"), "jit = off", "no_such_setting = off")
	if _, err := find(t).Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("Open = %v, want an error with the log", err)
	}
	rewrite(t, filepath.Join(dir, "data", "postgresql.conf"), "no_such_setting = off", "jit = off")
	open(t, dir)
}

func rewrite(t *testing.T, path, old, replacement string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(content), old, replacement, 1)
	if changed == string(content) {
		t.Fatalf("%s does not hold %q", path, old)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}
