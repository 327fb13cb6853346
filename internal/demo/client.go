// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// address is the address of an instance and the role that logs in there, as Terraform prints its outputs.
type address struct {
	Hostname string `json:"hostname"`
	Port     uint16 `json:"port"`
	Username string `json:"username"`
}

func (a address) String() string { return net.JoinHostPort(a.Hostname, strconv.Itoa(int(a.Port))) }

// login opens a session as any PostgreSQL client does: over the network, with a password.
func login(ctx context.Context, at address, password, database string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("")
	if err != nil {
		return nil, err
	}
	config.Host, config.Port = at.Hostname, at.Port
	config.User, config.Password, config.Database = at.Username, password, database
	config.Fallbacks = nil
	config.TLSConfig = nil
	config.ConnectTimeout = 10 * time.Second
	return pgx.ConnectConfig(ctx, config)
}

// execute runs statements in a session. It logs in with the password that the instances have at first.
func execute(ctx context.Context, at address, database string, statements ...string) error {
	conn, err := login(ctx, at, firstPassword, database)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", statement, err), conn.Close(ctx))
		}
	}
	return conn.Close(ctx)
}

// count counts the rows of a table.
func count(ctx context.Context, at address, password, database, table string) (int, error) {
	conn, err := login(ctx, at, password, database)
	if err != nil {
		return 0, err
	}
	var rows int
	err = conn.QueryRow(ctx, "SELECT count(*) FROM "+pgx.Identifier{table}.Sanitize()).Scan(&rows)
	return rows, errors.Join(err, conn.Close(ctx))
}

// requireRows checks the number of rows of a table.
func requireRows(ctx context.Context, at address, password, database, table string, want int) error {
	rows, err := count(ctx, at, password, database, table)
	if err == nil && rows != want {
		err = fmt.Errorf("table %s has %d rows, not %d", table, rows, want)
	}
	return err
}

// requireLockedOut checks that the server refuses a password.
func requireLockedOut(ctx context.Context, at address, password string) error {
	const invalidPassword = "28P01"
	conn, err := login(ctx, at, password, "postgres")
	if err == nil {
		return errors.Join(errors.New("a password that should be refused logs in"), conn.Close(ctx))
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != invalidPassword {
		return fmt.Errorf("the login should have failed at the password: %w", err)
	}
	return nil
}

// requireClosed checks that nothing listens any more.
func requireClosed(ctx context.Context, at address) error {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", at.String())
	if err == nil {
		return errors.Join(fmt.Errorf("something still listens at %s", at), conn.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return nil
}
