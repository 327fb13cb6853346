// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// CreateDatabase makes a database that the application owns.
func (b *Backend) CreateDatabase(ctx context.Context, on backend.Target, database string) error {
	if on.Link != nil {
		err := executeOnLink(ctx, *on.Link, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize())
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
		return executeOnLink(ctx, *on.Link, "DROP DATABASE IF EXISTS "+pgx.Identifier{database}.Sanitize()+" WITH (FORCE)")
	}
	server, err := b.server(on.Instance)
	if err != nil {
		return err
	}
	return server.DropDatabase(ctx, database)
}
