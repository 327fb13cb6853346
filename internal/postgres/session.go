// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	defaultDatabase = "postgres"  // belongs to the admin, who may drop it
	homeDatabase    = "template1" // for the superuser, since every server has it
)

// SQLSTATE codes, by PostgreSQL's names for them.
const (
	duplicateDatabase     = "42P04"
	duplicateObject       = "42710"
	uniqueViolation       = "23505" // also of two concurrent statements that create the same object
	dependentObjects      = "2BP01"
	insufficientPrivilege = "42501"
	tooManyConnections    = "53300"
)

// Login says where and as whom to log in.
type Login struct {
	Host     string // an IP address
	Port     int
	Role     Role
	Database string // "" = postgres
	TLS      string // libpq's sslmode
	// Settings of the session override those of the role and the database.
	Settings map[string]string
}

// Connect opens a session. It does not read the environment of this process, as clients of PostgreSQL usually do. Its
// errors do not hold the password.
func Connect(ctx context.Context, login Login) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("sslmode=" + login.TLS + " target_session_attrs=any host=" + login.Host + " port=" + strconv.Itoa(login.Port))
	if err != nil {
		return nil, err
	}
	config.User, config.Password = login.Role.Name, login.Role.Password
	if config.Database = login.Database; config.Database == "" {
		config.Database = defaultDatabase
	}
	config.RuntimeParams = map[string]string{}
	maps.Copy(config.RuntimeParams, login.Settings)
	return pgx.ConnectConfig(ctx, config)
}

// sessionSettings are the settings of the superuser's sessions. They override what the owner of a database may have
// set: a search path to its own functions, or a read-only session.
func (s *Server) sessionSettings() map[string]string {
	limit := strconv.FormatInt(s.installation.timeouts.session.Milliseconds(), 10)
	return map[string]string{
		"role": "none", "search_path": "pg_catalog", "standard_conforming_strings": "on", "client_min_messages": "warning",
		"default_transaction_read_only": "off", "default_transaction_deferrable": "off",
		"default_transaction_isolation": "read committed", "synchronous_commit": "on", "password_encryption": "scram-sha-256",
		"idle_in_transaction_session_timeout": "0", "statement_timeout": limit, "lock_timeout": limit,
	}
}

// session opens a session as the superuser. The database "" is homeDatabase.
func (s *Server) session(ctx context.Context, database string) (*pgx.Conn, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	conn, err := Connect(ctx, Login{
		Host: host, Port: s.Port(), Role: Role{superuser, s.record.SuperuserPassword},
		Database: cmp.Or(database, homeDatabase), TLS: "disable", Settings: s.sessionSettings(),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("log in to the server on port %d: %w", s.Port(), err), s.Err())
	}
	return conn, nil
}

// execute runs statements one after another in one session of the superuser.
func (s *Server) execute(ctx context.Context, database string, statements ...string) error {
	conn, err := s.session(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// IsDuplicateDatabase tells whether a CREATE DATABASE failed because the name is taken, possibly by a concurrent one.
func IsDuplicateDatabase(err error) bool {
	return hasCode(err, duplicateDatabase) || hasCode(err, uniqueViolation)
}

func hasCode(err error, code string) bool {
	var failure *pgconn.PgError
	return errors.As(err, &failure) && failure.Code == code
}
