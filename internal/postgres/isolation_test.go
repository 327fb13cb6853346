// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// What others put into a server's directory carries nothing of this process's into a restored server, and holds nothing
// up.
func TestRestoreFollowsNothing(t *testing.T) {
	t.Parallel()
	const segment = "00000001000000000000FFFF"
	plants := map[string]struct {
		plant func(t *testing.T, dir, secret string) error
		want  string
	}{
		"a link in the archive": {func(_ *testing.T, dir, secret string) error {
			return os.Symlink(secret, filepath.Join(dir, "wal", segment))
		}, segment},
		"a link that stays in the archive": {func(_ *testing.T, dir, _ string) error {
			return os.Symlink("000000010000000000000001", filepath.Join(dir, "wal", segment))
		}, segment},
		"a pipe in the archive": {func(_ *testing.T, dir, _ string) error {
			return syscall.Mkfifo(filepath.Join(dir, "wal", segment), 0o666)
		}, "not a regular file"},
		"a folder in the archive": {func(_ *testing.T, dir, _ string) error {
			return os.Mkdir(filepath.Join(dir, "wal", segment), 0o700)
		}, "not a regular file"},
		"a file of another user in the archive": {func(t *testing.T, dir, secret string) error {
			t.Helper()
			if os.Geteuid() != 0 { // who cannot make one
				secret = "/etc/passwd"
				return os.Symlink(secret, filepath.Join(dir, "wal", segment))
			}
			return os.Link(secret, filepath.Join(dir, "wal", segment))
		}, segment},
		"a huge file in the archive": {func(t *testing.T, dir, _ string) error {
			t.Helper()
			huge := filepath.Join(dir, "wal", segment)
			if err := os.WriteFile(huge, nil, 0o600); err != nil {
				return err
			}
			return errors.Join(os.Truncate(huge, 1<<40), asServers(t, dir, huge))
		}, "larger than a log file"},
	}
	s, dir := create(t)
	secret := filepath.Join(filepath.Dir(dir), "secret")
	if err := os.WriteFile(secret, []byte("nobody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range plants {
		if err := test.plant(t, dir, secret); err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(t.TempDir(), "restored")
		restored, err := s.Restore(t.Context(), time.Now(), target)
		if err == nil {
			removeLater(t, restored)
			t.Fatalf("the restore took %s", name)
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("after %s the restore says %v, want %q", name, err, test.want)
		}
		if exists(target) {
			t.Errorf("after %s the failed restore leaves a directory behind", name)
		}
		if err := os.RemoveAll(filepath.Join(dir, "wal", segment)); err != nil {
			t.Fatal(err)
		}
	}
	restore(t, s, time.Now())
}

// asServers gives a file to whoever owns the data.
func asServers(t *testing.T, dir, path string) error {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known {
		t.Fatal("the owner of the data is not known")
	}
	return os.Lchown(path, int(owner.Uid), int(owner.Gid))
}

// What is planted in the place of a log file of a source that has ended is not followed either, and a link in the place
// of the whole folder leads nowhere.
func TestRestoreFollowsNothingOfEndedSource(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	log := filepath.Join(dir, "data", "pg_wal")
	if err := errors.Join(os.Rename(log, filepath.Join(outside, "log")), os.Symlink(filepath.Join(outside, "log"), log)); err != nil {
		t.Fatal(err)
	}
	restored, err := s.Restore(t.Context(), time.Now(), filepath.Join(t.TempDir(), "restored"))
	if err == nil {
		removeLater(t, restored)
		t.Fatal("the restore left the source's directory")
	}
	if !strings.Contains(err.Error(), "pg_wal") {
		t.Error(err)
	}
}

// The data directory is filled while nobody else gets in: a link that somebody makes all the time in the place of a
// file is never written through.
func TestRestoreWritesThroughNoLink(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "restored")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.Symlink(victim, filepath.Join(target, "data", "recovery.signal"))
				_ = os.Symlink(victim, filepath.Join(target, "data", "pg_wal", "archive_status", "000000010000000000000001.done"))
			}
		}
	}()
	restored, err := s.Restore(t.Context(), time.Now(), target)
	close(stop)
	<-stopped
	if err == nil {
		removeLater(t, restored)
	}
	if content, err := os.ReadFile(victim); err != nil || string(content) != "precious" {
		t.Errorf("the victim holds %q, %v", content, err)
	}
}

// A server's own note is read without waiting.
func TestOpenWithPipeAsNote(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(dir, "data", "postmaster.pid")
	if err := syscall.Mkfifo(note, 0o666); err != nil {
		t.Fatal(err)
	}
	connect(t, open(t, dir), alice, "")
}

// A source whose archive takes nothing holds a restore up for the time of that step, and no longer.
func TestRestoreWithStuckArchive(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	postgres.HurryArchive(s, 300*time.Millisecond)
	archive := filepath.Join(dir, "wal")
	if err := errors.Join(os.RemoveAll(archive), os.WriteFile(archive, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "restored")
	begun := time.Now()
	if _, err := s.Restore(t.Context(), time.Now(), target); err == nil || !strings.Contains(err.Error(), "was not archived") {
		t.Errorf("the restore says %v", err)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("the restore took %s", took)
	}
	if exists(target) {
		t.Error("the failed restore leaves a directory behind")
	}
}

// Who may create roles stays inside the databases all the same.
func TestLoginStaysInside(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	attack := func(t *testing.T, s *postgres.Server) {
		t.Helper()
		for _, role := range []postgres.Role{alice, s.Application()} {
			conn := connect(t, s, role, "")
			for _, statement := range []string{
				"GRANT pg_execute_server_program TO CURRENT_USER",
				"GRANT pg_read_server_files TO CURRENT_USER",
				"GRANT pg_write_server_files TO CURRENT_USER",
				"CREATE ROLE " + role.Name + "_climber IN ROLE pg_execute_server_program",
				"ALTER ROLE pg_execute_server_program NOSUPERUSER",
				"ALTER ROLE CURRENT_USER SUPERUSER",
				"SET ROLE pg_execute_server_program",
				"COPY (SELECT 1) TO PROGRAM 'true'",
				"SELECT pg_read_file('PG_VERSION')",
			} {
				if _, err := conn.Exec(t.Context(), statement); err == nil {
					t.Errorf("%s may run %s", role.Name, statement)
				}
			}
			helper := role.Name + "_helper"
			execute(t, conn, "CREATE ROLE "+helper, "GRANT "+helper+" TO CURRENT_USER", "DROP ROLE "+helper)
		}
	}
	attack(t, s)
	restored, _ := restore(t, s, time.Now())
	attack(t, restored)

	// A server of an earlier version of this package, where it had happened.
	err := postgres.AsSuperuser(t.Context(), s,
		"UPDATE pg_authid SET rolsuper = false WHERE rolname LIKE 'pg\\_%'",
		"GRANT pg_execute_server_program, pg_read_server_files TO alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	attack(t, open(t, dir))
}

// What the owner of a database puts in the way of this package's sessions is neither run nor heeded.
func TestOwnSessionsHeedNothing(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	if err := s.CreateDatabase(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	for database, role := range map[string]postgres.Role{"postgres": alice, "app": s.OwnerOf("app"), "template1": alice} {
		conn := connect(t, s, role, database)
		if database != "template1" {
			execute(t, conn, "CREATE SCHEMA evil",
				"ALTER DATABASE "+database+" SET search_path = evil, pg_catalog",
				"ALTER DATABASE "+database+" SET default_transaction_read_only = on",
				"ALTER DATABASE "+database+" SET statement_timeout = 1",
				"ALTER DATABASE "+database+" SET role = "+role.Name)
		}
		for name, result := range map[string]string{
			"pg_is_in_recovery()": "boolean", "pg_switch_wal()": "pg_lsn", "pg_walfile_name(l pg_lsn)": "text",
			"pg_logical_emit_message(a boolean, b text, c text)": "pg_lsn",
		} {
			schema := "evil"
			if database == "template1" {
				schema = "public"
			}
			// Up to PostgreSQL 14 everybody may make functions in template1.
			_, err := conn.Exec(t.Context(), "CREATE FUNCTION "+schema+"."+name+" RETURNS "+result+
				" LANGUAGE plpgsql AS $$ BEGIN ALTER ROLE alice SUPERUSER; RETURN NULL; END $$")
			if err != nil && database != "template1" {
				t.Fatal(err)
			}
		}
	}
	restored, _ := restore(t, s, time.Now())
	for name, server := range map[string]*postgres.Server{"source": s, "restored": restored} {
		if err := server.CreateDatabase(t.Context(), "app"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := server.CreateDatabase(t.Context(), "another"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if value[bool](t, connect(t, server, alice, "template1"), "SELECT rolsuper FROM pg_roles WHERE rolname = 'alice'") {
			t.Errorf("%s: the admin has become a superuser", name)
		}
	}
}

// A new password is the one that logs in, whatever the settings are.
func TestSetPasswordHeedsNothing(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	old := alice
	for name, statements := range map[string][]string{
		"settings": {
			"ALTER DATABASE postgres SET default_transaction_read_only = on", "ALTER ROLE alice SET default_transaction_read_only = on",
			"ALTER DATABASE postgres SET statement_timeout = 1", "ALTER DATABASE postgres SET lock_timeout = 1",
		},
		"limits": {
			"ALTER DATABASE postgres ALLOW_CONNECTIONS false CONNECTION LIMIT 0",
			"ALTER ROLE alice NOLOGIN CONNECTION LIMIT 0 VALID UNTIL '2000-01-01'",
		},
		"no database": {"DROP DATABASE IF EXISTS postgres", "CREATE DATABASE postgres OWNER alice TEMPLATE template0"},
	} {
		// Not every version lets the admin do this to itself.
		if err := postgres.AsSuperuser(t.Context(), s, statements...); err != nil {
			t.Fatal(err)
		}
		changed := postgres.Role{Name: "alice", Password: "after " + name}
		if err := s.SetPassword(t.Context(), changed.Name, changed.Password); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		connect(t, s, changed, "template1")
		refused(t, s, old)
		old = changed
	}
}

// A reset that changes nothing says so.
func TestSetPasswordOfDroppedAdmin(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	err := postgres.AsSuperuser(t.Context(), s, "REASSIGN OWNED BY alice TO postgres", "DROP OWNED BY alice", "DROP ROLE alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetPassword(t.Context(), "alice", "another-secret"); err == nil {
		t.Error("the password of nobody was set")
	}
}

// The application of one database does not get into another's.
func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	for _, name := range []string{"one", "two"} {
		if err := s.CreateDatabase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if conn, err := postgres.Connect(t.Context(), login(s, s.OwnerOf("one"), "two")); err == nil {
		_ = conn.Close(t.Context())
		t.Error("one gets into the database of two")
	}
	conn := connect(t, s, s.OwnerOf("one"), "one")
	for _, statement := range []string{
		"CREATE DATABASE copy TEMPLATE two",
		"GRANT " + s.OwnerOf("two").Name + " TO CURRENT_USER",
		"SET ROLE " + s.OwnerOf("two").Name,
		"GRANT " + postgres.ApplicationRole + " TO CURRENT_USER",
		"ALTER ROLE " + postgres.ApplicationRole + " PASSWORD 'taken'",
		"ALTER DATABASE two OWNER TO CURRENT_USER",
		"GRANT pg_read_all_data TO CURRENT_USER",
	} {
		if _, err := conn.Exec(t.Context(), statement); err == nil {
			t.Errorf("one may run %s", statement)
		}
	}
	execute(t, conn, "CREATE DATABASE one_dbos_sys")
	// The admin sees and does it all.
	execute(t, connect(t, s, alice, "two"), "CREATE TABLE t (n int)")
	execute(t, connect(t, s, s.Application(), "two"), "CREATE TABLE u (n int)")
	restored, _ := restore(t, s, time.Now())
	connect(t, restored, restored.OwnerOf("one"), "one")
}

// What one role owned for all applications becomes each one's own.
func TestDatabaseOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	err := postgres.AsSuperuser(t.Context(), s, "CREATE DATABASE old OWNER dbosadmin TEMPLATE template0", "CREATE DATABASE other OWNER dbosadmin TEMPLATE template0")
	if err != nil {
		t.Fatal(err)
	}
	execute(t, connect(t, s, s.Application(), "old"), "CREATE TABLE t (n int)")
	for range 2 { // the second time nothing is left to be done
		if err := s.CreateDatabase(t.Context(), "old"); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, connect(t, s, s.OwnerOf("old"), "old"), "ALTER TABLE t ADD COLUMN m int")
	execute(t, connect(t, s, s.Application(), "old"), "ALTER TABLE t ADD COLUMN l int")
	conn := connect(t, s, alice, "postgres")
	if got := value[string](t, conn, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'other'"); got != postgres.ApplicationRole {
		t.Errorf("the other database belongs to %s", got)
	}
}
