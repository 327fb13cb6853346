// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package examples

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

const beyondGuide = "beyond-the-instance"

// TestBeyondTheInstance plays the guide: one apply makes the instance and what is in it. A plain apply cannot rotate
// the password, and the commands of the guide can.
func TestBeyondTheInstance(t *testing.T) {
	t.Parallel()
	tr := beginBeyond(t)
	tr.Env = append(tr.Env, "TF_VAR_sslmode=disable", "TF_VAR_password="+password)
	tr.settle(t)
	logsIn(t, tr.inside(t, "reporting", password, "shop"))

	tr.Env = append(tr.Env, "TF_VAR_password=Battery_staple:8", "TF_VAR_password_version=2")
	out, err := tr.Run(t.Context(), "apply", "-auto-approve")
	refusal := "28P01"
	if acctest.Engine(t).Name == "tofu" { // It leaves the connection unknown while the instance has a change.
		refusal = "Cannot read the database"
	}
	if err == nil || !strings.Contains(out, refusal) {
		t.Fatalf("a rotation by a plain apply: %v\n%s", err, out)
	}
	if sent := tr.cloud.Count(http.MethodPost, "databases/userdb/shop/credentials"); sent != 0 {
		t.Errorf("the refused plan has changed the password")
	}
	for i, way := range []string{"The instance first", "One apply without a refresh"} {
		rotated := fmt.Sprintf("Battery_staple:%d", 8+i)
		tr.Env = append(tr.Env, "TF_VAR_password="+rotated, fmt.Sprintf("TF_VAR_password_version=%d", 2+i))
		tr.follow(t, way)
		logsIn(t, tr.inside(t, "shop_admin", rotated, "postgres"))
		logsIn(t, tr.inside(t, "reporting", password, "shop"))
	}
}

// TestBeyondTheInstanceBySecondRole rotates the admin's password by a plain apply, as the guide says of a second role.
func TestBeyondTheInstanceBySecondRole(t *testing.T) {
	t.Parallel()
	tr := beginBeyond(t)
	tr.Env = append(tr.Env, "TF_VAR_sslmode=disable", "TF_VAR_password="+password, "TF_VAR_reporting_password="+password, "TF_VAR_terraform_password="+password)
	if _, err := tr.Run(t.Context(), "init"); err != nil {
		t.Fatal(err)
	}
	const way = "A second role"
	tr.follow(t, way)
	section := guideSection(t, beyondGuide, way)
	statement := regexp.MustCompile(`-c '(CREATE ROLE [^']*)'`).FindStringSubmatch(section)
	block := regexp.MustCompile("(?s)```terraform\n(.*?)```").FindStringSubmatch(section)
	if statement == nil || block == nil {
		t.Fatalf("the guide has no statement or no block:\n%s", section)
	}
	logsIn(t, tr.inside(t, "shop_admin", password, "postgres"), statement[1], "ALTER ROLE terraform PASSWORD '"+password+"'")
	replaced := regexp.MustCompile(`(?ms)^(ephemeral "dbos_database_connection"|provider "postgresql") .*?^}\n`)
	configuration := replaced.ReplaceAllString(readConfiguration(t, tr.Dir), "") + block[1]
	if err := os.WriteFile(filepath.Join(tr.Dir, "main.tf"), []byte(configuration), 0o644); err != nil {
		t.Fatal(err)
	}
	tr.settle(t)
	logsIn(t, tr.inside(t, "reporting", password, "shop"))

	const rotated = "Battery_staple:8"
	tr.Env = append(tr.Env, "TF_VAR_password="+rotated, "TF_VAR_password_version=2")
	tr.settle(t)
	logsIn(t, tr.inside(t, "shop_admin", rotated, "postgres"))
	logsIn(t, tr.inside(t, "reporting", password, "shop"))
}

// TestBeyondTheInstanceWithTheWrongSSLMode corrects the mode after a first apply that made the instance alone.
func TestBeyondTheInstanceWithTheWrongSSLMode(t *testing.T) {
	t.Parallel()
	tr := beginBeyond(t)
	tr.Env = append(tr.Env, "TF_VAR_sslmode=require", "TF_VAR_password="+password, "TF_VAR_reporting_password="+password)
	if _, err := tr.Run(t.Context(), "init"); err != nil {
		t.Fatal(err)
	}
	out, err := tr.Run(t.Context(), "apply", "-auto-approve")
	const refusal = "server refused TLS connection"
	if err == nil || !strings.Contains(out, refusal) {
		t.Fatalf("require, of a server without TLS: %v\n%s", err, out)
	}
	if !strings.Contains(guideSection(t, beyondGuide, "sslmode"), refusal) {
		t.Errorf("the guide does not name %q", refusal)
	}
	tr.Env = append(tr.Env, "TF_VAR_sslmode=disable")
	if out := tr.settle(t); !strings.Contains(out, "3 added, 0 changed, 0 destroyed") {
		t.Errorf("the apply with the right mode has not added the rest:\n%s", out)
	}
}

func beginBeyond(t *testing.T) *trial {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "beyond")
	if err := workspace.Copy(filepath.Join(acctest.Root(t), "examples", "beyond-the-instance"), dir); err != nil {
		t.Fatal(err)
	}
	installPostgreSQLProvider(t, dir)
	return begin(t, dir, nil, acctest.Postgres)
}

// follow types the applies that the guide shows under a heading, and demands that nothing is left to do where they
// apply all.
func (tr *trial) follow(t *testing.T, heading string) {
	t.Helper()
	applies := regexp.MustCompile(`(?m)^terraform (apply.*)$`).FindAllStringSubmatch(guideSection(t, beyondGuide, heading), -1)
	if applies == nil {
		t.Fatalf("the guide shows no apply under %q", heading)
	}
	for _, apply := range applies {
		if _, err := tr.Run(t.Context(), append(strings.Fields(apply[1]), "-auto-approve")...); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(applies[len(applies)-1][1], "-target") {
		return
	}
	if _, err := tr.Run(t.Context(), "plan", "-detailed-exitcode"); err != nil {
		t.Fatal(err)
	}
}

// inside is the URL of a database in the instance, for a role.
func (tr *trial) inside(t *testing.T, role, password, database string) url.URL {
	t.Helper()
	var at struct {
		Hostname string `json:"hostname"`
		Port     int    `json:"port"`
	}
	if err := tr.Outputs(t.Context(), &at); err != nil {
		t.Fatal(err)
	}
	return url.URL{
		Scheme: "postgresql", User: url.UserPassword(role, password), Path: database,
		Host: net.JoinHostPort(at.Hostname, strconv.Itoa(at.Port)), RawQuery: "sslmode=disable",
	}
}

// installPostgreSQLProvider puts the tests' own provider of PostgreSQL in the place of the public one, which only a
// registry has.
func installPostgreSQLProvider(t *testing.T, dir string) {
	t.Helper()
	const version = "1.26.0"
	program := acctest.Program(t, "terraform-provider-postgresql", "./internal/acctest/postgresql")
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		file := filepath.Join(dir, "terraform.d", "plugins", host, "cyrilgdn", "postgresql", version, workspace.Platform, "terraform-provider-postgresql_v"+version)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, file); err != nil {
			t.Fatal(err)
		}
	}
}

// logsIn demands that a login succeeds, and runs statements by it.
func logsIn(t *testing.T, at url.URL, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Error(err)
		}
	}
	if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}
