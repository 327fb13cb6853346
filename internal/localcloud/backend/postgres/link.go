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

// CheckLink logs in to a linked server and checks that the role may create databases.
func (b *Backend) CheckLink(ctx context.Context, at backend.Address, role backend.Role) error {
	return inSession(ctx, backend.Link{Address: at, Role: role}, func(ctx context.Context, conn *pgx.Conn) error {
		var may bool
		const query = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
		if err := conn.QueryRow(ctx, query).Scan(&may); err != nil {
			return err
		}
		if !may {
			return fmt.Errorf("the role %s on %s may not create databases: allow it with ALTER ROLE %s CREATEDB",
				role.Name, at, pgx.Identifier{role.Name}.Sanitize())
		}
		return nil
	})
}

func executeOnLink(ctx context.Context, l backend.Link, statement string) error {
	return inSession(ctx, l, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement)
		return err
	})
}

// inSession runs a function in a session on a linked server.
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

// resolveLoopback resolves the host of a linked server to the address to dial. It refuses every address but this
// machine's. The local cloud drops databases on linked servers: it must never reach another machine's.
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

// serverError returns the server's own message if there is one. pgx joins it with the errors of other attempts, with
// and without TLS.
func serverError(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said
	}
	return err
}
