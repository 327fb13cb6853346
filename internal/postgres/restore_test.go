// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// now is the time by the server's clock.
func now(t *testing.T, conn *pgx.Conn) time.Time {
	t.Helper()
	return value[time.Time](t, conn, "SELECT clock_timestamp()")
}

func count(t *testing.T, s *postgres.Server) int {
	t.Helper()
	return value[int](t, connect(t, s, alice, ""), "SELECT count(*) FROM t")
}

func TestRestoreToTheMicrosecond(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	// Each row has the time of its commit, by the same clock.
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(dir, "data", "postgresql.conf"), "jit = off", "track_commit_timestamp = on")
	s = open(t, dir)
	conn := connect(t, s, alice, "")
	const rows = 300
	execute(t, conn, "CREATE TABLE t (id int)")
	for id := range rows {
		execute(t, conn, fmt.Sprintf("INSERT INTO t VALUES (%d)", id))
	}
	committed := func(id int) time.Time {
		return value[time.Time](t, conn, "SELECT pg_xact_commit_timestamp(xmin) FROM t WHERE id = $1", id)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 5 {
		id := 1 + random.IntN(rows-2)
		at := committed(id)
		for _, instant := range []struct {
			at   time.Time
			want int // rows
		}{{at, id + 1}, {at.Add(-time.Microsecond), id}} {
			r, _ := restore(t, s, instant.at)
			if got := count(t, r); got != instant.want {
				t.Errorf("row %d was committed at %s; at %s there are %d rows, want %d", id, at, instant.at, got, instant.want)
			}
		}
	}
	if got := count(t, s); got != rows {
		t.Errorf("the source has %d rows, want %d", got, rows)
	}
}

// A restore to an instant after the last commit works, since users restore to "just now".
func TestRestoreToInstantsAfterTheLastCommit(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	fresh, _ := restore(t, s, s.RestorableSince())
	connect(t, fresh, alice, "")

	conn := connect(t, s, alice, "")
	execute(t, conn, "CREATE TABLE t AS SELECT 1 AS n")
	at := now(t, conn)
	r, _ := restore(t, s, at)
	if got := count(t, r); got != 1 {
		t.Errorf("after the last commit there are %d rows, want 1", got)
	}
}

func TestRestoreRefusals(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	dir := filepath.Join(t.TempDir(), "restored")
	earliest := s.RestorableSince()
	if _, err := s.Restore(t.Context(), earliest.Add(-time.Microsecond), dir); err == nil || !strings.HasSuffix(err.Error(), "the earliest instant is "+earliest.Format("2006-01-02T15:04:05.000000Z")) {
		t.Errorf("before the backup: %v, want the earliest instant %s", err, earliest)
	}
	if _, err := s.Restore(t.Context(), time.Now().Add(time.Minute), dir); err == nil || !strings.Contains(err.Error(), "in the future") {
		t.Errorf("in the future: %v", err)
	}
	if exists(dir) {
		t.Error("a refused restore leaves a directory behind")
	}
	other, otherDir := create(t)
	if _, err := s.Restore(t.Context(), time.Now(), otherDir); err == nil {
		t.Error("a running server was restored over")
	}
	if err := other.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(t.Context(), time.Now(), otherDir); err == nil || !strings.Contains(err.Error(), "there is a server") {
		t.Errorf("over a stopped server: %v", err)
	}
	open(t, otherDir)
}

// A restored server has the roles and passwords of the instant, and can be restored itself.
func TestRestoreChain(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	if err := s.CreateDatabase(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, s, alice, "")
	execute(t, conn, "CREATE TABLE t AS SELECT 1 AS n")
	at := now(t, conn)
	changed := postgres.Role{Name: "alice", Password: "changed-later"}
	if err := s.SetPassword(t.Context(), changed.Name, changed.Password); err != nil {
		t.Fatal(err)
	}
	execute(t, conn, "INSERT INTO t VALUES (2)", "CREATE ROLE later")

	first, firstDir := restore(t, s, at)
	refused(t, first, changed)
	firstConn := connect(t, first, alice, "")
	if got := value[int](t, firstConn, "SELECT count(*) FROM pg_roles WHERE rolname = 'later'"); got != 0 {
		t.Error("a role from after the instant is there")
	}
	connect(t, first, first.Application(), "app")
	if _, err := first.Restore(t.Context(), at, filepath.Join(t.TempDir(), "r")); err == nil || !strings.Contains(err.Error(), "the earliest instant") {
		t.Errorf("a restored server is restored to before it was made: %v", err)
	}

	execute(t, firstConn, "INSERT INTO t VALUES (3)")
	between := now(t, firstConn)
	execute(t, firstConn, "INSERT INTO t VALUES (4)")
	if err := s.Remove(); err != nil { // needed no longer
		t.Fatal(err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	first = open(t, firstDir)
	second, _ := restore(t, first, between)
	secondConn := connect(t, second, alice, "")
	if got := value[int](t, secondConn, "SELECT sum(n) FROM t"); got != 1+3 {
		t.Errorf("the sum is %d, want 4", got)
	}
	execute(t, secondConn, "INSERT INTO t VALUES (5)")
	third, _ := restore(t, second, time.Now())
	if err := third.SetPassword(t.Context(), changed.Name, changed.Password); err != nil {
		t.Fatal(err)
	}
	if got := value[int](t, connect(t, third, changed, ""), "SELECT sum(n) FROM t"); got != 1+3+5 {
		t.Errorf("the sum is %d, want 9", got)
	}
}

// A restore from an ended source has all that the source had committed.
func TestRestoreFromEndedSource(t *testing.T) {
	t.Parallel()
	ends := map[string]func(t *testing.T, s *postgres.Server){
		"stopped": func(t *testing.T, s *postgres.Server) {
			t.Helper()
			if err := s.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"killed": func(t *testing.T, s *postgres.Server) {
			t.Helper()
			if err := syscall.Kill(postgres.PID(s), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			ended(t, s)
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := create(t)
			conn := connect(t, s, alice, "")
			execute(t, conn, "CREATE TABLE t AS SELECT 1 AS n")
			at := now(t, conn)
			execute(t, conn, "INSERT INTO t VALUES (2)")
			end(t, s)
			r, _ := restore(t, s, at)
			if got := count(t, r); got != 1 {
				t.Errorf("between the commits there are %d rows, want 1", got)
			}
			r, _ = restore(t, s, time.Now())
			if got := count(t, r); got != 2 {
				t.Errorf("after the last commit there are %d rows, want 2", got)
			}
		})
	}
}

// A restore replays a log of many segments, with a database that is a copy of another.
func TestRestoreOfALongLog(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	if err := s.CreateDatabase(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, s, s.Application(), "app")
	execute(t, conn, "CREATE TABLE t AS SELECT n, repeat(md5(n::text), 20) AS s FROM generate_series(1, 20000) AS n")
	want := value[string](t, conn, "SELECT md5(string_agg(s, '' ORDER BY n)) FROM t")
	at := now(t, conn)
	execute(t, conn, "DROP TABLE t")
	if err := s.DropDatabase(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	r, _ := restore(t, s, at)
	if got := value[string](t, connect(t, r, r.Application(), "app"), "SELECT md5(string_agg(s, '' ORDER BY n)) FROM t"); got != want {
		t.Error("the restored table is another")
	}
}
