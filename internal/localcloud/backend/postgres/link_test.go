// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// A link that names another machine never reaches a server here that has its port.
func TestLinkReachesThisMachineOnly(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	address := provision(t, b, "orders")
	here := backend.Target{Link: &backend.Link{Address: address, Role: admin}}
	if err := b.CreateDatabase(t.Context(), here, "app"); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"192.0.2.1":           "the host 192.0.2.1 is not this machine",
		"0.0.0.0":             "the host 0.0.0.0 is not this machine",
		"::ffff:192.0.2.1":    "is not this machine",
		"no such host":        "look up the host",
		"":                    "look up the host",
		"/tmp":                "look up the host",
		"127.0.0.1,192.0.2.1": "look up the host",
	} {
		elsewhere := backend.Address{Host: host, Port: address.Port}
		on := backend.Target{Link: &backend.Link{Address: elsewhere, Role: admin}}
		for what, err := range map[string]error{
			"check":  b.CheckLink(t.Context(), elsewhere, admin),
			"create": b.CreateDatabase(t.Context(), on, "app"),
			"drop":   b.DropDatabase(t.Context(), on, "app"),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s at %q: %v, want %q", what, host, err, want)
			}
		}
	}
	connect(t, address, admin, "app") // It is still there.
	for _, host := range []string{"127.0.0.1", "localhost", "::ffff:127.0.0.1"} {
		if err := b.CheckLink(t.Context(), backend.Address{Host: host, Port: address.Port}, admin); err != nil {
			t.Errorf("at %s: %v", host, err)
		}
	}
}

func TestCheckLink(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	address := provision(t, b, "elsewhere")
	conn := connect(t, address, admin, "")
	plain := backend.Role{Name: "plain", Password: "plain-password"}
	execute(t, conn, "CREATE ROLE plain LOGIN PASSWORD 'plain-password'")
	if err := b.CheckLink(t.Context(), address, admin); err != nil {
		t.Errorf("a role that may create databases: %v", err)
	}

	const closed = 1 // No program gets this port by chance.
	for name, test := range map[string]struct {
		at   backend.Address
		role backend.Role
		want string
	}{
		"wrong password":    {address, backend.Role{Name: admin.Name, Password: "not-the-password"}, "password authentication failed"},
		"no such role":      {address, backend.Role{Name: "bob", Password: "not-the-password"}, "bob"},
		"not allowed":       {address, plain, `ALTER ROLE "plain" CREATEDB`},
		"nothing listening": {backend.Address{Host: "127.0.0.1", Port: closed}, admin, "refused"},
	} {
		err := b.CheckLink(t.Context(), test.at, test.role)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.at.String()) || strings.Contains(err.Error(), test.role.Password) {
			t.Errorf("%s: %v, want an error with %q, the address and no password", name, err, test.want)
		}
	}
}
