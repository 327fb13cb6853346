// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localcloud

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// behind looks at an instance past the API. It does nothing for a simulated one.
type behind struct {
	t    *testing.T
	s    *Server
	real bool
}

// run runs statements in a database of an instance as alice.
func (b behind) run(instance, password, database string, statements ...string) {
	b.t.Helper()
	if !b.real {
		return
	}
	conn, err := b.connect(instance, password, database)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(b.t.Context())) }()
	for _, statement := range statements {
		if _, err := conn.Exec(b.t.Context(), statement); err != nil {
			b.t.Fatalf("%s: %v", statement, err)
		}
	}
}

func (b behind) connect(instance, password, database string) (*pgx.Conn, error) {
	i, err := b.s.findInstance(instance)
	if err != nil {
		return nil, err
	}
	return postgres.Connect(b.t.Context(), postgres.Login{
		Host: i.Address.Host, Port: i.Address.Port, Role: postgres.Role{Name: i.Username, Password: password}, Database: database, TLS: "disable",
	})
}

// refuses checks that a login with a password fails.
func (b behind) refuses(instance, password string) {
	b.t.Helper()
	if !b.real {
		return
	}
	conn, err := b.connect(instance, password, "postgres")
	if err == nil {
		_ = conn.Close(b.t.Context())
		b.t.Errorf("%s takes a password that it should not", instance)
	}
	var refused *pgconn.PgError
	if err != nil && (!errors.As(err, &refused) || refused.Code != "28P01") {
		b.t.Errorf("%s: %v", instance, err)
	}
}

func (b behind) setPassword(instance, password string) {
	b.t.Helper()
	want(b.t, b.s, "POST", "databases/userdb/"+instance+"/credentials", `{"Password":"`+password+`"}`, 200, "")
	for {
		i, err := b.s.findInstance(instance)
		if err != nil || !pause(b.t.Context(), 2*time.Millisecond) {
			b.t.Fatalf("the password is not set: %v", err)
		}
		if i.Password == "" && i.Status == statusAvailable {
			return
		}
	}
}

// TestGuide follows the guide to database management with both backends. The answers are the same; with real servers
// the data is checked too.
func TestGuide(t *testing.T) {
	t.Parallel()
	for _, backend := range []string{"simulated", "postgres"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(o *Options) { o.Backend = backend })
			playGuide(t, behind{t, s, backend == "postgres"})
		})
	}
}

func playGuide(t *testing.T, b behind) {
	t.Helper()
	s := b.s
	provision(t, s, "shop_db")
	b.run("shop_db", "12345678", "postgres", "select 1")
	b.setPassword("shop_db", "abcdefgh")
	b.run("shop_db", "abcdefgh", "postgres", "select 1")
	b.refuses("shop_db", "12345678")

	register(t, s, "my-shop", "shop_db")
	version := deployed(t, s, "my-shop", configured("database:\n  migrate: ['test -n \"$DBOS_DATABASE_URL\"']\n"))
	b.run("shop_db", "abcdefgh", "my_shop", "create table orders (id int)", "insert into orders values (1), (2)")
	before := time.Now().UTC().Format(time.RFC3339Nano)
	b.run("shop_db", "abcdefgh", "my_shop", "drop table orders")
	b.setPassword("shop_db", "password3")

	want(t, s, "POST", "databases/userdb/shop_db/restore", `{"RestoreName":"restored","RestoreTimestamp":"`+before+`"}`, 200, "")
	await(t, s, "databases/userdb/info/restored", `"Status":"available"`)
	b.run("restored", "abcdefgh", "my_shop", "insert into orders select id + 2 from orders")
	b.refuses("restored", "password3")

	want(t, s, "POST", "applications/my-shop/changedbinstance", `{"previous_version":"`+version+`","target_database_name":"restored"}`, 200,
		`{"ApplicationName":"my-shop","ApplicationVersion":"`+version+`"}`)
	await(t, s, "applications/my-shop", `"PostgresInstanceName":"restored","ApplicationDatabaseName":"my_shop","Status":"AVAILABLE"`)
	want(t, s, "DELETE", "databases/userdb/shop_db", "", 200, "")
	await(t, s, "databases/userdb/info/shop_db", "not found")

	// Everything is still there after a restart.
	_, list := ask(t, s, "GET", "databases", "")
	b.s = restart(t, s, func(o *Options) { *o = s.options })
	s = b.s
	want(t, s, "GET", "databases", "", 200, list)
	b.run("restored", "abcdefgh", "my_shop", "insert into orders select id + 4 from orders")
	want(t, s, "DELETE", "applications/my-shop", `{"dropdb":true}`, 200, "")
	await(t, s, "applications", "[]")
	if b.real {
		if conn, err := b.connect("restored", "abcdefgh", "my_shop"); err == nil {
			_ = conn.Close(t.Context())
			t.Error("the application's database is still there")
		}
	}
}

// TestFailedMigrationOverBothBackends deploys a migration that fails, and then one that does not.
func TestFailedMigrationOverBothBackends(t *testing.T) {
	t.Parallel()
	for _, backend := range []string{"simulated", "postgres"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(o *Options) { o.Backend = backend })
			provision(t, s, "abc")
			register(t, s, "shop", "abc")
			want(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"API_KEY","ClearSecretValue":"k"}`, 200, "")
			body := `{"application_archive":"` + configured("database:\n  migrate: ['echo began', 'false', 'echo never']\n").base64(t) + `"}`
			status, answer := ask(t, s, "POST", "applications/shop", body)
			var refused struct {
				Message, DetailedError string
				StatusCode             int
			}
			if err := json.Unmarshal([]byte(answer), &refused); err != nil || status != 400 || refused.StatusCode != 400 {
				t.Fatalf("%d %s", status, answer)
			}
			if !strings.Contains(refused.Message, `command "false": exit status 1`) || !strings.Contains(refused.DetailedError, "began") || strings.Contains(refused.DetailedError, "never") {
				t.Errorf("%s\n%s", refused.Message, refused.DetailedError)
			}
			await(t, s, "applications/shop", `"ApplicationDatabaseName":"","Status":"UNAVAILABLE","Version":""`)
			deployed(t, s, "shop", configured("database:\n  migrate: ['test \"$API_KEY\" = k']\n"))
		})
	}
}

// The linked server belongs to another local cloud.
func TestLinkOfARealServer(t *testing.T) {
	t.Parallel()
	host := start(t, func(o *Options) { o.Backend = "postgres" })
	provision(t, host, "theirs")
	theirs, err := host.findInstance("theirs")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(o *Options) { o.Backend = "postgres" })
	link := func(password string) (int, string) {
		body, err := json.Marshal(map[string]any{
			"Name": "linked", "HostName": theirs.Address.Host, "Port": theirs.Address.Port, "Password": password,
			"captureProvenance": false, "dbosAdminName": "alice",
		})
		if err != nil {
			t.Fatal(err)
		}
		return ask(t, s, "POST", "databases/byod", string(body))
	}
	if status, answer := link("not-the-password"); status != 400 || !strings.Contains(answer, "database linked cannot be linked: ") || strings.Contains(answer, "not-the-password") {
		t.Errorf("%d %s", status, answer)
	}
	want(t, s, "GET", "databases", "", 200, "[]")
	if status, answer := link("12345678"); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	register(t, s, "shop", "linked")
	deployed(t, s, "shop", configured("database: {migrate: ['test -n \"$DBOS_DATABASE_URL\"']}"))
	b := behind{t, host, true}
	b.run("theirs", "12345678", "shop", "create table orders (id int)")
	want(t, s, "DELETE", "databases/byod/linked", "", 200, "")
	b.run("theirs", "12345678", "shop", "select * from orders")
}
