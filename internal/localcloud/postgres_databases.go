// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func (b *postgresBackend) CheckLink(ctx context.Context, at Address, role Role) error {
	return Link{Address: at, Role: role}.within(ctx, func(ctx context.Context, conn *pgx.Conn) error {
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

func (b *postgresBackend) CreateDatabase(ctx context.Context, on Target, database string) error {
	if on.Link != nil {
		err := on.Link.execute(ctx, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize())
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

func (b *postgresBackend) DropDatabase(ctx context.Context, on Target, database string) error {
	if on.Link != nil {
		return on.Link.execute(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{database}.Sanitize()+" WITH (FORCE)")
	}
	server, err := b.server(on.Instance)
	if err != nil {
		return err
	}
	return server.DropDatabase(ctx, database)
}

func (l Link) execute(ctx context.Context, statement string) error {
	return l.within(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement)
		return err
	})
}

// within does something in a session on a server that is not ours. Such a
// server may be far away, or not there at all.
func (l Link) within(ctx context.Context, do func(context.Context, *pgx.Conn) error) error {
	const patience = 15 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := postgres.Connect(ctx, postgres.Login{
		Host: l.Address.Host, Port: l.Address.Port, Role: postgres.Role(l.Role), TLS: "prefer",
	})
	if err != nil {
		return fmt.Errorf("log in to %s as %s: %w", l.Address, l.Role.Name, serversOwn(err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return do(ctx, conn)
}

// serversOwn is what the server said, where it said something: an attempt with
// TLS and one without make a long error.
func serversOwn(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said
	}
	return err
}
