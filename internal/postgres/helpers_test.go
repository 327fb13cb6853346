// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// childVariable is an environment variable with a directory. It makes this test binary start a server there, and wait
// to be killed.
const childVariable = "POSTGRES_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		serveAsChild(dir)
	}
	code := m.Run()
	if pids := childServers(); len(pids) > 0 {
		fmt.Fprintln(os.Stderr, "servers left running:", pids)
		code = 1
	}
	os.Exit(code)
}

func serveAsChild(dir string) {
	i, err := postgres.Find("")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	s, err := i.Create(context.Background(), dir, alice)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("port", s.Port())
	select {}
}

var alice = postgres.Role{Name: "alice", Password: "wonder!#$%&*()-_=+[]{}<>:?land"}

var installation = sync.OnceValues(func() (*postgres.Installation, error) { return postgres.Find("") })

func find(t *testing.T) *postgres.Installation {
	t.Helper()
	i, err := installation()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// create makes a server that ends with the test.
func create(t *testing.T) (*postgres.Server, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a server's \"own\" $(directory) %p")
	s, err := find(t).Create(t.Context(), dir, alice)
	if err != nil {
		t.Fatal(err)
	}
	removeLater(t, s)
	return s, dir
}

func removeLater(t *testing.T, s *postgres.Server) {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Remove(); err != nil {
			t.Errorf("remove a server: %v", err)
		}
	})
}

func open(t *testing.T, dir string) *postgres.Server {
	t.Helper()
	s, err := find(t).Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	removeLater(t, s)
	return s
}

func restore(t *testing.T, s *postgres.Server, at time.Time) (*postgres.Server, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	r, err := s.Restore(t.Context(), at, dir)
	if err != nil {
		t.Fatal(err)
	}
	removeLater(t, r)
	return r, dir
}

func login(s *postgres.Server, role postgres.Role, database string) postgres.Login {
	return postgres.Login{Host: s.Host(), Port: s.Port(), Role: role, Database: database, TLS: "disable"}
}

func connect(t *testing.T, s *postgres.Server, role postgres.Role, database string) *pgx.Conn {
	t.Helper()
	conn, err := postgres.Connect(t.Context(), login(s, role, database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func value[T any](t *testing.T, conn *pgx.Conn, query string, arguments ...any) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), query, arguments...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// refused checks that a login fails because of its password.
func refused(t *testing.T, s *postgres.Server, role postgres.Role) {
	t.Helper()
	conn, err := postgres.Connect(t.Context(), login(s, role, ""))
	if err == nil {
		_ = conn.Close(t.Context())
		t.Fatalf("%s can log in with a wrong password", role.Name)
	}
	if !postgres.IsBadLogin(err) {
		t.Fatalf("the login fails with %v", err)
	}
}

func ended(t *testing.T, s *postgres.Server) {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(time.Minute):
		t.Fatal("the server has not ended")
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
