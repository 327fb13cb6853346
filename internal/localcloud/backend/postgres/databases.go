// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// CheckLink logs in to a linked server and asks whether the role may create databases.
func (b *Backend) CheckLink(ctx context.Context, at backend.Address, role backend.Role) error {
	return inSession(ctx, backend.Link{Address: at, Role: role}, func(ctx context.Context, conn *pgx.Conn) error {
		var may bool
		const query = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
		if err := conn.QueryRow(ctx, query).Scan(&may); err != nil {
			return err
		}
		if !may {
			return fmt.Errorf("the role %s on %s may not create databases: grant it by ALTER ROLE %s CREATEDB",
				role.Name, at, pgx.Identifier{role.Name}.Sanitize())
		}
		return nil
	})
}

// CreateDatabase makes a database that the application owns.
func (b *Backend) CreateDatabase(ctx context.Context, on backend.Target, database string) error {
	if on.Link != nil {
		err := execute(ctx, *on.Link, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize())
		if postgres.IsDuplicateDatabase(err) {
			return nil
		}
		return err
	}
	server, err := b.server(on.Instance)
	if err != nil {
		return err
	}
	return server.CreateDatabase(ctx, database)
}

// DropDatabase drops a database and ends its sessions.
func (b *Backend) DropDatabase(ctx context.Context, on backend.Target, database string) error {
	if on.Link != nil {
		return execute(ctx, *on.Link, "DROP DATABASE IF EXISTS "+pgx.Identifier{database}.Sanitize()+" WITH (FORCE)")
	}
	server, err := b.server(on.Instance)
	if err != nil {
		return err
	}
	return server.DropDatabase(ctx, database)
}

func execute(ctx context.Context, l backend.Link, statement string) error {
	return inSession(ctx, l, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement)
		return err
	})
}

// inSession does something in a session on a linked server, which may not answer.
func inSession(ctx context.Context, l backend.Link, do func(context.Context, *pgx.Conn) error) error {
	const timeout = 15 * time.Second
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	host, err := resolveLoopback(ctx, l.Address.Host)
	if err != nil {
		return err
	}
	conn, err := postgres.Connect(ctx, postgres.Login{
		Host: host, Port: l.Address.Port, Role: postgres.Role(l.Role), TLS: "prefer",
	})
	if err != nil {
		return fmt.Errorf("log in to %s as %s: %w", l.Address, l.Role.Name, serverError(err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return do(ctx, conn)
}

// resolveLoopback looks a linked server's host up, and returns the address to dial. The local cloud reaches nothing but
// this machine: what it does to a linked server, such as dropping a database, must hit neither another machine nor a
// server here that merely has the same port.
func resolveLoopback(ctx context.Context, host string) (string, error) {
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", fmt.Errorf("look up the host of the server: %w", err)
	}
	for _, address := range addresses {
		if !address.Unmap().IsLoopback() {
			return "", fmt.Errorf("the host %s is not this machine (%s): the local cloud reaches servers at a loopback address only, such as 127.0.0.1", host, address)
		}
	}
	if len(addresses) == 0 {
		return "", fmt.Errorf("the host %s has no address", host)
	}
	return addresses[0].Unmap().String(), nil
}

// serverError is what the server said, where it said something: an attempt with TLS and one without make a long error.
func serverError(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said
	}
	return err
}
