// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "postgres" // this package's own login
	// ApplicationRole is the service's own role on every instance. It can do what every application can.
	ApplicationRole = "dbosadmin"
)

// createRoles turns a copy of the template into a server with logins of its own. As on a managed service, the admin is
// no superuser; it owns the database that it logs in to, and can do with the applications' databases what the
// applications can.
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
		"CREATE ROLE "+quote(ApplicationRole)+" LOGIN CREATEDB CREATEROLE PASSWORD '"+applicationVerifier+"'",
		"CREATE ROLE "+quote(admin.Name)+" LOGIN CREATEDB CREATEROLE PASSWORD '"+adminVerifier+"'",
		"GRANT "+quote(ApplicationRole)+" TO "+quote(admin.Name),
		"ALTER DATABASE postgres OWNER TO "+quote(admin.Name),
		"ALTER ROLE "+quote(superuser)+" PASSWORD '"+superuserVerifier+"'",
	)
	if err != nil {
		return fmt.Errorf("create the roles: %w", err)
	}
	s.record.SuperuserPassword = password
	return s.fenceAgain(ctx)
}

// outside are the predefined roles that reach files and programs outside the databases.
const outside = `('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')`

// fence keeps the roles of a server inside its databases. Up to PostgreSQL 15 whoever may create roles may grant any
// role that is no superuser, so these become superusers there: nobody can log in as one, and only a superuser may grant
// one. Grants from before are taken back. Newer servers need nothing.
func (s *Server) fence(ctx context.Context, conn *pgx.Conn) error {
	if s.installation.major > 15 {
		return nil
	}
	for _, statement := range []string{
		"DELETE FROM pg_catalog.pg_auth_members USING pg_catalog.pg_authid WHERE roleid = oid AND rolname IN " + outside,
		"UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE NOT rolsuper AND rolname IN " + outside,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("keep the roles inside the databases: %w", err)
		}
	}
	return nil
}

func (s *Server) fenceAgain(ctx context.Context) error {
	if s.installation.major > 15 {
		return nil
	}
	conn, err := s.session(ctx, "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return s.fence(ctx, conn)
}

// SetPassword gives a role another password, lets it log in again where that was taken from it, and proves that it
// does.
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

// checkLogin logs in as a role. A refusal that comes after the password, such as of too many sessions, is none.
func (s *Server) checkLogin(ctx context.Context, role Role) error {
	ctx, cancel := context.WithTimeout(ctx, s.installation.timeouts.session)
	defer cancel()
	conn, err := Connect(ctx, Login{Host: host, Port: s.Port(), Role: role, Database: homeDatabase, TLS: "disable"})
	if err == nil {
		return conn.Close(context.WithoutCancel(ctx))
	}
	if hasCode(err, "42501") || hasCode(err, "53300") {
		return nil
	}
	return err
}

// Application is the login that the service has on every instance. Its password never changes: a restored server has
// that of its source.
func (s *Server) Application() Role {
	return Role{Name: ApplicationRole, Password: s.record.ApplicationPassword}
}

// OwnerOf is the login of the application whose database this is. Its password follows from that of Application, and so
// never changes either.
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

// CreateDatabase makes a database for an application, which owns it. No other application gets in. If there is one of
// that name, the application gets it as it is.
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
	// What the admin makes in it by hand, such as a migration run from a developer's machine, is the application's to
	// use as well.
	var grants []string
	for _, kind := range []string{"TABLES", "SEQUENCES", "FUNCTIONS", "TYPES", "SCHEMAS"} {
		grants = append(grants, "ALTER DEFAULT PRIVILEGES FOR ROLE "+quote(s.record.Admin)+" GRANT ALL ON "+kind+" TO "+owner)
	}
	if err := s.execute(ctx, name, grants...); err != nil {
		return fmt.Errorf("open the database %s to %s: %w", name, role.Name, err)
	}
	return nil
}

// createOwner makes the role of an application, and lets the admin and the service do what it can do. It may make
// databases, since applications keep their workflows in a second one. It may make roles only where that does not make
// it a member of another application's.
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
	if hasCode(err, "42710") || hasCode(err, "23505") {
		err = s.execute(ctx, "", "ALTER ROLE "+name+may)
	}
	if err != nil {
		return err
	}
	return s.execute(ctx, "", "GRANT "+name+" TO "+quote(ApplicationRole)+", "+quote(s.record.Admin))
}

// takeOver gives a database that exists to an application. What an earlier version of this package made there for all
// applications becomes this one's.
func (s *Server) takeOver(ctx context.Context, name, owner string) error {
	conn, err := s.session(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var former string
	const query = "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
	if err := conn.QueryRow(ctx, query).Scan(&former); err != nil || former == owner {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var others []string
		if former == ApplicationRole {
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
		if former == ApplicationRole {
			statements = append(statements, "REASSIGN OWNED BY "+quote(former)+" TO "+quote(owner))
		}
		// That has given away the databases of the other applications too.
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

// DropDatabase deletes a database, whoever is using it. It is no error if there is none.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	if err := s.execute(ctx, "", "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop the database %s: %w", name, err)
	}
	// Its role stays where it owns more.
	err := s.execute(ctx, "", "DROP ROLE IF EXISTS "+quote(s.OwnerOf(name).Name))
	if err != nil && !hasCode(err, "2BP01") {
		return fmt.Errorf("drop the role of the database %s: %w", name, err)
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// randomPassword is one of 160 bits.
func randomPassword() string { return rand.Text() + rand.Text()[:6] }

// verifier is what a server keeps of a password to check it (RFC 5802). It is made here, so that no statement, and
// hence no log, ever holds the password.
func verifier(password string) (string, error) {
	const iterations = 4096
	if password == "" || strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", errors.New("a password must be printable ASCII, and not empty")
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", err
	}
	sign := func(text string) []byte {
		mac := hmac.New(sha256.New, salted)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	stored, encode := sha256.Sum256(sign("Client Key")), base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, encode(salt), encode(stored[:]), encode(sign("Server Key"))), nil
}
