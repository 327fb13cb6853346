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
func TestLinkReachesNothingElse(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	address := pgProvision(t, b, "orders")
	here := backend.Target{Link: &backend.Link{Address: address, Role: pgAdmin}}
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
		on := backend.Target{Link: &backend.Link{Address: elsewhere, Role: pgAdmin}}
		for what, err := range map[string]error{
			"check":  b.CheckLink(t.Context(), elsewhere, pgAdmin),
			"create": b.CreateDatabase(t.Context(), on, "app"),
			"drop":   b.DropDatabase(t.Context(), on, "app"),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s at %q: %v, want %q", what, host, err, want)
			}
		}
	}
	pgConnect(t, address, pgAdmin, "app") // It is still there.
	for _, host := range []string{"127.0.0.1", "localhost", "::ffff:127.0.0.1"} {
		if err := b.CheckLink(t.Context(), backend.Address{Host: host, Port: address.Port}, pgAdmin); err != nil {
			t.Errorf("at %s: %v", host, err)
		}
	}
}
