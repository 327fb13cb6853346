// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

func TestLifeOfAnInstance(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := startPostgres(t, dir)
	address := provision(t, b, "orders-db")
	conn := connect(t, address, admin, "")
	execute(t, conn, "CREATE TABLE t AS SELECT 1 AS n")
	since, err := b.RestorableSince("orders-db")
	if err != nil || since.After(time.Now()) {
		t.Errorf("RestorableSince = %s, %v", since, err)
	}
	at := value[time.Time](t, conn, "SELECT clock_timestamp()")
	changed := backend.Role{Name: admin.Name, Password: "changed-later"}
	if err := b.SetPassword(t.Context(), "orders-db", changed); err != nil {
		t.Fatal(err)
	}
	execute(t, conn, "INSERT INTO t VALUES (2)")
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.RestorableSince("orders-db"); err == nil {
		t.Error("a closed backend answers")
	}

	b = startPostgres(t, dir)
	resumed, err := b.Resume(t.Context(), "orders-db")
	if err != nil || resumed != address {
		t.Fatalf("Resume = %v, %v, want %v", resumed, err, address)
	}
	connect(t, resumed, changed, "")
	restored, err := b.Restore(t.Context(), "orders-db", "restored", at)
	if err != nil {
		t.Fatal(err)
	}
	if got := value[int](t, connect(t, restored, admin, ""), "SELECT sum(n) FROM t"); got != 1 {
		t.Errorf("the restored sum is %d, want 1", got)
	}
	if got := value[int](t, connect(t, resumed, changed, ""), "SELECT sum(n) FROM t"); got != 3 {
		t.Errorf("the source's sum is %d, want 3", got)
	}

	for _, instance := range []string{"orders-db", "restored", "restored", "never-made"} {
		if err := b.Destroy(t.Context(), instance); err != nil {
			t.Errorf("destroy %s: %v", instance, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
	for name, err := range map[string]error{
		"SetPassword": b.SetPassword(t.Context(), "orders-db", changed),
		"Restore":     second(b.Restore(t.Context(), "orders-db", "restored", at)),
		"Resume":      second(b.Resume(t.Context(), "orders-db")),
	} {
		if err == nil || !strings.Contains(err.Error(), "orders-db") {
			t.Errorf("%s of what is gone: %v", name, err)
		}
	}
}

// Provision and Restore clear what a killed process has left.
func TestProvisionAndRestoreClearLeftovers(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	first := provision(t, b, "orders")
	execute(t, connect(t, first, admin, ""), "CREATE TABLE old (n int)")
	again := provision(t, b, "orders")
	if got := value[bool](t, connect(t, again, admin, ""), "SELECT to_regclass('old') IS NULL"); !got {
		t.Error("the table of an earlier attempt is there")
	}
	for range 2 {
		if _, err := b.Restore(t.Context(), "orders", "restored", time.Now()); err != nil {
			t.Error(err)
		}
	}
}

var _ backend.Backend = (*Backend)(nil)

func TestWithoutPostgreSQL(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), backend.Options{PostgresBin: t.TempDir(), Log: &bytes.Buffer{}})
	if err == nil || !slices.ContainsFunc([]string{"apt-get", "dnf", "brew", "apk", "pacman", "zypper"}, func(manager string) bool {
		return strings.Contains(err.Error(), manager)
	}) {
		t.Errorf("without PostgreSQL: %v, want how to install it", err)
	}
}
