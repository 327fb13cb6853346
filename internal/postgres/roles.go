// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "postgres" // the login of this package
	// applicationRole is the service's role on every instance. It may do what the applications may.
	applicationRole = "dbosadmin"
)

// createRoles gives a copy of the template its own logins. The admin is no superuser, as on a managed service. It owns
// the database that it logs in to, and may do what the applications may.
func (s *Server) createRoles(ctx context.Context, admin Role) error {
	adminVerifier, err := verifier(admin.Password)
	if err != nil {
		return err
	}
	applicationVerifier, err := verifier(s.record.ApplicationPassword)
	if err != nil {
		return err
	}
	password := randomPassword()
	superuserVerifier, err := verifier(password)
	if err != nil {
		return err
	}
	err = s.execute(ctx, "",
		"CREATE ROLE "+quote(applicationRole)+" LOGIN CREATEDB CREATEROLE PASSWORD '"+applicationVerifier+"'",
		"CREATE ROLE "+quote(admin.Name)+" LOGIN CREATEDB CREATEROLE PASSWORD '"+adminVerifier+"'",
		"GRANT "+quote(applicationRole)+" TO "+quote(admin.Name),
		"ALTER DATABASE postgres OWNER TO "+quote(admin.Name),
		"ALTER ROLE "+quote(superuser)+" PASSWORD '"+superuserVerifier+"'",
	)
	if err != nil {
		return fmt.Errorf("create the roles: %w", err)
	}
	s.record.SuperuserPassword = password
	return s.lockHostRoles(ctx)
}

// hostRoles are the predefined roles that reach files and programs of the host.
const hostRoles = `('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')`

// lockHostRoles keeps roles from becoming members of the host roles. Up to PostgreSQL 15 whoever may create roles may
// grant every role that is no superuser, so this makes the host roles superusers. Nobody can log in as one. Earlier
// grants are taken back.
func (s *Server) lockHostRoles(ctx context.Context) error {
	if s.installation.major > 15 {
		return nil
	}
	err := s.execute(ctx, "",
		"DELETE FROM pg_catalog.pg_auth_members USING pg_catalog.pg_authid WHERE roleid = oid AND rolname IN "+hostRoles,
		"UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE NOT rolsuper AND rolname IN "+hostRoles,
	)
	if err != nil {
		return fmt.Errorf("keep the roles inside the databases: %w", err)
	}
	return nil
}

// SetPassword changes the password of a role, allows its login again, and checks that it logs in.
func (s *Server) SetPassword(ctx context.Context, role, password string) error {
	v, err := verifier(password)
	if err != nil {
		return err
	}
	statement := "ALTER ROLE " + quote(role) + " LOGIN CONNECTION LIMIT -1 VALID UNTIL 'infinity' PASSWORD '" + v + "'"
	if err := s.execute(ctx, "", statement); err != nil {
		return fmt.Errorf("set the password of %s: %w", role, err)
	}
	if err := s.checkLogin(ctx, Role{role, password}); err != nil {
		return fmt.Errorf("the new password of %s does not log in: %w", role, err)
	}
	return nil
}

// checkLogin logs in as a role. A refusal for another reason than the password counts as success, for example too many
// sessions.
func (s *Server) checkLogin(ctx context.Context, role Role) error {
	ctx, cancel := context.WithTimeout(ctx, s.installation.timeouts.session)
	defer cancel()
	conn, err := Connect(ctx, Login{Host: host, Port: s.Port(), Role: role, Database: homeDatabase, TLS: "disable"})
	if err == nil {
		return conn.Close(context.WithoutCancel(ctx))
	}
	if hasCode(err, insufficientPrivilege) || hasCode(err, tooManyConnections) {
		return nil
	}
	return err
}

// Application is the login of the service on every instance. Its password never changes: a restored server has that of
// its source.
func (s *Server) Application() Role {
	return Role{Name: applicationRole, Password: s.record.ApplicationPassword}
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
