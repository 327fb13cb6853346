// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres_test

import (
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// An application cannot get into the database of another.
func TestApplicationsAreSeparated(t *testing.T) {
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
		"GRANT " + s.Application().Name + " TO CURRENT_USER",
		"ALTER ROLE " + s.Application().Name + " PASSWORD 'taken'",
		"ALTER DATABASE two OWNER TO CURRENT_USER",
		"GRANT pg_read_all_data TO CURRENT_USER",
	} {
		if _, err := conn.Exec(t.Context(), statement); err == nil {
			t.Errorf("one may run %s", statement)
		}
	}
	execute(t, conn, "CREATE DATABASE one_dbos_sys")
	// The admin and the service may do everything in both.
	execute(t, connect(t, s, alice, "two"), "CREATE TABLE t (n int)")
	execute(t, connect(t, s, s.Application(), "two"), "CREATE TABLE u (n int)")
	restored, _ := restore(t, s, time.Now())
	connect(t, restored, restored.OwnerOf("one"), "one")
}

// CreateDatabase finishes what an earlier one has begun. It does not take back what somebody has granted since.
func TestDatabaseThatIsHalfMade(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	createDatabase := func(name string) {
		t.Helper()
		if err := s.CreateDatabase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	createDatabase("one")
	createDatabase("two")
	// A new database is open to everybody at first.
	err := postgres.AsSuperuser(t.Context(), s, "DROP DATABASE two", "CREATE DATABASE two OWNER app_two TEMPLATE template0")
	if err != nil {
		t.Fatal(err)
	}
	createDatabase("two")
	if conn, err := postgres.Connect(t.Context(), login(s, s.OwnerOf("one"), "two")); err == nil {
		_ = conn.Close(t.Context())
		t.Error("one gets into the database of two")
	}
	execute(t, connect(t, s, s.OwnerOf("two"), "two"), "GRANT CONNECT ON DATABASE two TO app_one")
	createDatabase("two")
	connect(t, s, s.OwnerOf("one"), "two")
}

// CreateDatabase passes what one role owned for all applications on to the application of the database.
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
	if got := value[string](t, conn, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'other'"); got != s.Application().Name {
		t.Errorf("the other database belongs to %s", got)
	}
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	const name = `my "app"`
	for range 2 { // the second time it is there already
		if err := s.CreateDatabase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	application, admin := connect(t, s, s.OwnerOf(name), name), connect(t, s, alice, name)

	execute(t, application, "CREATE TABLE migrated (id int)", "INSERT INTO migrated VALUES (1)")
	execute(t, admin, "INSERT INTO migrated VALUES (2)", "ALTER TABLE migrated ADD COLUMN t text")
	execute(t, admin, "CREATE TABLE by_hand (id serial)", "CREATE SCHEMA also_by_hand", "CREATE TABLE also_by_hand.t (id int)")
	execute(t, application, "INSERT INTO by_hand DEFAULT VALUES", "INSERT INTO also_by_hand.t SELECT count(*) FROM migrated")
	if got := value[int](t, admin, "SELECT id FROM also_by_hand.t"); got != 2 {
		t.Errorf("the application sees %d rows, want 2", got)
	}

	for range 2 { // the second time it is gone already
		if err := s.DropDatabase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := application.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("a session goes on in a database that was dropped")
	}
}

// CreateDatabase gives an existing database to the application.
func TestDatabaseMadeByHand(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	execute(t, connect(t, s, alice, ""), "CREATE DATABASE app")
	if err := s.CreateDatabase(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	execute(t, connect(t, s, s.OwnerOf("app"), "app"), "CREATE TABLE migrated (id int)")
	execute(t, connect(t, s, alice, "app"), "SELECT * FROM migrated", "CREATE TABLE mine (id int)")
}

// The admin owns the default database and may drop it. Everything else still works.
func TestWithoutDefaultDatabase(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	if err := s.CreateDatabase(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	execute(t, connect(t, s, alice, "app"), "DROP DATABASE postgres")
	if err := s.CreateDatabase(t.Context(), "another"); err != nil {
		t.Error(err)
	}
	if err := s.CreateDatabase(t.Context(), "postgres"); err != nil {
		t.Error(err)
	}
	if err := s.DropDatabase(t.Context(), "postgres"); err != nil {
		t.Error(err)
	}
	if err := s.SetPassword(t.Context(), "alice", "another-secret"); err != nil {
		t.Error(err)
	}
}
