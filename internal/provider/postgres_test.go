// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

// database is one of an instance, where the state says that the instance is.
type database struct{ hostname, port, username, name string }

// databaseOf is the database "postgres" of an instance.
func databaseOf(state *terraform.State, address string) database {
	attributes := state.RootModule().Resources[address].Primary.Attributes
	return database{hostname: attributes["hostname"], port: attributes["port"], username: attributes["username"], name: "postgres"}
}

// query logs in with a password, runs statements, and returns what the last one answers.
func (d database) query(t *testing.T, password string, statements ...string) (string, error) {
	t.Helper()
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return "", err
	}
	port, err := strconv.ParseUint(d.port, 10, 16)
	if err != nil {
		return "", err
	}
	config.Host, config.Port, config.Database, config.User, config.Password = d.hostname, uint16(port), d.name, d.username, password
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var answer string
	for _, statement := range statements {
		rows, err := conn.Query(t.Context(), statement)
		if err != nil {
			return "", err
		}
		for rows.Next() {
			if err := rows.Scan(&answer); err != nil {
				return "", err
			}
		}
		if rows.Err() != nil {
			return "", rows.Err()
		}
	}
	return answer, nil
}

// answers checks that the login works and the last statement answers want.
func answers(t *testing.T, address, password, want string, statements ...string) resource.TestCheckFunc {
	return func(state *terraform.State) error {
		got, err := databaseOf(state, address).query(t, password, statements...)
		if err == nil && got != want {
			err = fmt.Errorf("%s answers %q to %q, want %q", address, got, statements, want)
		}
		return err
	}
}

// lockedOut checks that a password is refused.
func lockedOut(t *testing.T, address, password string) resource.TestCheckFunc {
	return func(state *terraform.State) error {
		_, err := databaseOf(state, address).query(t, password)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != "28P01" {
			return fmt.Errorf("logging in to %s with the old password: %w", address, err)
		}
		return nil
	}
}

// TestAccPostgres is the life of a database with real servers behind it: made, rotated, damaged, restored, and
// destroyed.
func TestAccPostgres(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.Postgres)
	original := instanceConfig{Password: firstPassword, Protection: "false"}
	rotated := original
	rotated.Password = secondPassword
	// The moment is known only once the servers are there, the configurations before that.
	moment := filepath.Join(t.TempDir(), "moment")
	restore := restoreConfig{Source: "dbos_database_instance.test.id", Time: fmt.Sprintf("file(%q)", moment)}
	var last database

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{
				Config: original.String(),
				Check: resource.ComposeTestCheckFunc(
					answers(t, instanceAddress, firstPassword, "2",
						"CREATE TABLE orders (id int)", "INSERT INTO orders VALUES (1), (2)", "SELECT count(*)::text FROM orders"),
					answers(t, instanceAddress, firstPassword, "false", "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user"),
				),
			},
			{
				Config:           rotated.String(),
				ConfigPlanChecks: expectAction(plancheck.ResourceActionUpdate),
				Check: resource.ComposeTestCheckFunc(
					lockedOut(t, instanceAddress, firstPassword),
					answers(t, instanceAddress, secondPassword, "2", "SELECT count(*)::text FROM orders"),
					func(state *terraform.State) error {
						now, err := databaseOf(state, instanceAddress).query(t, secondPassword,
							`SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`)
						return errors.Join(err, os.WriteFile(moment, []byte(now), 0o600))
					},
					answers(t, instanceAddress, secondPassword, "0", "DELETE FROM orders", "SELECT count(*)::text FROM orders"),
				),
			},
			{
				Config: rotated.String() + restore.String(),
				Check: resource.ComposeTestCheckFunc(
					answers(t, restoreAddress, secondPassword, "2", "SELECT count(*)::text FROM orders"),
					answers(t, instanceAddress, secondPassword, "0", "SELECT count(*)::text FROM orders"),
					func(state *terraform.State) error {
						last = databaseOf(state, restoreAddress)
						return nil
					},
				),
			},
		},
	})
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", net.JoinHostPort(last.hostname, last.port))
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the destroy the server's port answers: %v", err)
	}
}
