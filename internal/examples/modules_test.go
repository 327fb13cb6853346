// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package examples

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// TestModuleUnderTest runs "terraform test" on the module of examples/testing: against a local cloud with a real
// PostgreSQL, and with mocks.
func TestModuleUnderTest(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "testing")
	if err := workspace.Copy(filepath.Join(built.root, "examples", "testing"), dir); err != nil {
		t.Fatal(err)
	}
	tr := begin(t, dir, nil, acctest.Postgres)
	if _, err := tr.Run(t.Context(), "init"); err != nil {
		t.Fatal(err)
	}
	out, err := tr.Run(t.Context(), "test")
	if err != nil || !strings.Contains(out, "Success! 4 passed, 0 failed.") {
		t.Errorf("test: %v\n%s", err, out)
	}
	// The mocked runs ask nobody, and the others leave nothing.
	if created := tr.cloud.Count(http.MethodPost, "databases/userdb"); created != 1 {
		t.Errorf("%d instances were created, want 1", created)
	}
	tr.cloud.AwaitGone(t, "unit_test")
}

// TestBeyondTheInstance plays the guide's words: one apply makes the instance and what is in it; a rotated password
// needs the instance first.
func TestBeyondTheInstance(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "beyond")
	if err := workspace.Copy(filepath.Join(built.root, "examples", "beyond-the-instance"), dir); err != nil {
		t.Fatal(err)
	}
	installPostgreSQLProvider(t, dir)
	tr := begin(t, dir, nil, acctest.Postgres)
	tr.Env = append(tr.Env, "TF_VAR_sslmode=disable", "TF_VAR_password="+password)
	tr.settle(t)

	var at struct {
		Hostname string `json:"hostname"`
		Port     int    `json:"port"`
	}
	if err := tr.Outputs(t.Context(), &at); err != nil {
		t.Fatal(err)
	}
	reporting := url.URL{
		Scheme: "postgresql", User: url.UserPassword("reporting", password), Path: "shop",
		Host: net.JoinHostPort(at.Hostname, strconv.Itoa(at.Port)), RawQuery: "sslmode=disable",
	}
	logsIn(t, reporting)

	const rotated = "Battery_staple:8"
	tr.Env = append(tr.Env, "TF_VAR_password="+rotated, "TF_VAR_password_version=2")
	out, err := tr.Run(t.Context(), "apply", "-auto-approve")
	if err == nil || !strings.Contains(out, "28P01") {
		t.Fatalf("a rotation in one step: %v\n%s", err, out)
	}
	if sent := tr.cloud.Count(http.MethodPost, "databases/userdb/shop/credentials"); sent != 0 {
		t.Errorf("the refused plan has changed the password")
	}
	for _, args := range [][]string{
		{"apply", "-auto-approve", "-target=dbos_database_instance.shop"},
		{"apply", "-auto-approve"},
		{"plan", "-detailed-exitcode"},
	} {
		if _, err := tr.Run(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	logsIn(t, reporting)
}

// installPostgreSQLProvider puts the tests' own provider of PostgreSQL in the place of the public one, which only a
// registry has.
func installPostgreSQLProvider(t *testing.T, dir string) {
	t.Helper()
	const version = "1.26.0"
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		file := filepath.Join(dir, "terraform.d", "plugins", host, "cyrilgdn", "postgresql", version, workspace.Platform, "terraform-provider-postgresql_v"+version)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := workspace.GoBuild(t.Context(), built.root, file, "./internal/acctest/postgresql"); err != nil {
			t.Fatal(err)
		}
	}
}

func logsIn(t *testing.T, at url.URL) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}
