// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

var admin = backend.Role{Name: "alice", Password: "wonder!#$%&*()-_=+[]{}<>:?land"}

// startPostgres opens a backend on a folder, and closes it with the test.
func startPostgres(t *testing.T, dir string) *Backend {
	t.Helper()
	var log bytes.Buffer
	b, err := Open(t.Context(), backend.Options{
		Dir: dir, Log: &log, Down: func(string) {}, Up: func(string, backend.Address) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("log:\n%s", log.String())
		}
	})
	return b
}

func provision(t *testing.T, b *Backend, instance string) backend.Address {
	t.Helper()
	address, err := b.Provision(t.Context(), instance, admin)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func connect(t *testing.T, at backend.Address, role backend.Role, database string) *pgx.Conn {
	t.Helper()
	conn, err := postgres.Connect(t.Context(), postgres.Login{
		Host: at.Host, Port: at.Port, Role: postgres.Role(role), Database: database, TLS: "disable",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func value[T any](t *testing.T, conn *pgx.Conn, query string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// zipped makes an archive. A name that ends in "/" is a folder; a content that begins with "#!" is executable, and one
// that begins with "-> " is a link.
func zipped(t *testing.T, files map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	for name, content := range files {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(0o644)
		if strings.HasPrefix(content, "#!") {
			header.SetMode(0o755)
		}
		if target, link := strings.CutPrefix(content, "-> "); link {
			header.SetMode(0o777 | fs.ModeSymlink)
			content = target
		}
		w, err := archive.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func requirePsql(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not installed")
	}
}

func second[T any](_ T, err error) error { return err }

func firstLine(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	return line
}

func shell(t *testing.T, command string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "sh", "-c", command).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

func sandboxUser(t *testing.T) *postgres.SandboxUser {
	t.Helper()
	sandbox, err := postgres.NewSandboxUser()
	if err != nil {
		t.Fatal(err)
	}
	return sandbox
}
