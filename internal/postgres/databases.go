// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// OwnerOf is the login of the application that a database belongs to. Its password is derived from that of Application,
// and so never changes either.
func (s *Server) OwnerOf(database string) Role {
	const longest = 63
	mac := hmac.New(sha256.New, []byte(s.record.ApplicationPassword))
	mac.Write([]byte(database))
	sum := hex.EncodeToString(mac.Sum(nil))
	name := "app_" + database
	if len(name) > longest {
		name = "app_" + sum[:32]
	}
	return Role{Name: name, Password: sum[:40]}
}

// CreateDatabase makes a database that belongs to one application; no other application can connect to it. If the
// database exists, the application becomes its owner.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	role := s.OwnerOf(name)
	owner, database := quote(role.Name), quote(name)
	if err := s.createOwner(ctx, role); err != nil {
		return fmt.Errorf("create the role of the database %s: %w", name, err)
	}
	err := s.execute(ctx, "", "CREATE DATABASE "+database+" OWNER "+owner+" TEMPLATE template0",
		"REVOKE ALL ON DATABASE "+database+" FROM PUBLIC")
	if IsDuplicateDatabase(err) {
		err = s.takeOver(ctx, name, role.Name)
	}
	if err != nil {
		return fmt.Errorf("create the database %s: %w", name, err)
	}
	// The application may also use what the admin makes in its database, for example in a migration from a developer's
	// machine.
	var grants []string
	for _, kind := range []string{"TABLES", "SEQUENCES", "FUNCTIONS", "TYPES", "SCHEMAS"} {
		grants = append(grants, "ALTER DEFAULT PRIVILEGES FOR ROLE "+quote(s.record.Admin)+" GRANT ALL ON "+kind+" TO "+owner)
	}
	if err := s.execute(ctx, name, grants...); err != nil {
		return fmt.Errorf("open the database %s to %s: %w", name, role.Name, err)
	}
	return nil
}

// createOwner makes the role of an application, and makes the admin and the service members of it. The role may create
// databases, since applications keep their workflows in a second one. It may create roles only if that cannot make it a
// member of another application's role.
func (s *Server) createOwner(ctx context.Context, role Role) error {
	v, err := verifier(role.Password)
	if err != nil {
		return err
	}
	name, may := quote(role.Name), " LOGIN CREATEDB NOCREATEROLE PASSWORD '"+v+"'"
	if s.installation.major > 15 {
		may = " LOGIN CREATEDB CREATEROLE PASSWORD '" + v + "'"
	}
	err = s.execute(ctx, "", "CREATE ROLE "+name+may)
	if hasCode(err, duplicateObject) || hasCode(err, uniqueViolation) {
		err = s.execute(ctx, "", "ALTER ROLE "+name+may)
	}
	if err != nil {
		return err
	}
	return s.execute(ctx, "", "GRANT "+name+" TO "+quote(applicationRole)+", "+quote(s.record.Admin))
}

// takeOver makes an application the owner of a database that exists, and closes the database to others. If an earlier
// CreateDatabase was cut off, the database is still open to everybody. Earlier versions of this package had one role own
// the objects of all applications; it passes those in this database on as well.
func (s *Server) takeOver(ctx context.Context, name, owner string) error {
	conn, err := s.session(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var former string
	var unchanged bool // nobody has granted or revoked a privilege
	const query = "SELECT pg_catalog.pg_get_userbyid(datdba), datacl IS NULL FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
	if err := conn.QueryRow(ctx, query).Scan(&former, &unchanged); err != nil || former == owner && !unchanged {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var others []string
		if former == applicationRole {
			rows, err := tx.Query(ctx, "SELECT datname FROM pg_catalog.pg_database WHERE datname <> $1 AND pg_catalog.pg_get_userbyid(datdba) = $2", name, former)
			if err != nil {
				return err
			}
			if others, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
				return err
			}
		}
		statements := []string{
			"ALTER DATABASE " + quote(name) + " OWNER TO " + quote(owner),
			"REVOKE ALL ON DATABASE " + quote(name) + " FROM PUBLIC",
		}
		if former == applicationRole {
			statements = append(statements, "REASSIGN OWNED BY "+quote(former)+" TO "+quote(owner))
		}
		// REASSIGN OWNED also reassigns the databases of the other applications.
		for _, other := range others {
			statements = append(statements, "ALTER DATABASE "+quote(other)+" OWNER TO "+quote(former))
		}
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// DropDatabase deletes a database and ends its sessions. A missing database is no error.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	if err := s.execute(ctx, "", "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop the database %s: %w", name, err)
	}
	// The role stays if it owns anything else.
	err := s.execute(ctx, "", "DROP ROLE IF EXISTS "+quote(s.OwnerOf(name).Name))
	if err != nil && !hasCode(err, dependentObjects) {
		return fmt.Errorf("drop the role of the database %s: %w", name, err)
	}
	return nil
}
