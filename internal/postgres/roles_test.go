// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// A role that may create roles still cannot leave the databases.
func TestRolesStayInsideTheDatabases(t *testing.T) {
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

	// Open repairs a server of an earlier version, where that had happened.
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

// The sessions of this package ignore the functions and settings of a database's owner.
func TestOwnSessionsIgnoreTheSettingsOfADatabase(t *testing.T) {
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

// SetPassword works whatever the settings of the role and the database are.
func TestSetPasswordWorksUnderAnySettings(t *testing.T) {
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
		// Not every version allows the admin to do this.
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

// SetPassword fails if the role is gone.
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

func TestSetPassword(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	const password = "another-secret"
	if err := s.SetPassword(t.Context(), "alice", password); err != nil {
		t.Fatal(err)
	}
	refused(t, s, alice)
	connect(t, s, postgres.Role{Name: "alice", Password: password}, "")

	err := s.SetPassword(t.Context(), "nobody else", password)
	if err == nil || !strings.Contains(err.Error(), "nobody else") || strings.Contains(err.Error(), password) {
		t.Errorf("a role that does not exist: %v", err)
	}
	if err := s.SetPassword(t.Context(), "alice", "späße-überall"); err == nil || strings.Contains(err.Error(), "späße") {
		t.Errorf("a password that is not ASCII: %v", err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	if len(log) == 0 || strings.Contains(string(log), password) || strings.Contains(string(log), "ALTER ROLE") {
		t.Errorf("the log is empty or holds a statement:\n%s", log)
	}
}
