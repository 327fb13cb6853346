// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

func TestDatabases(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	address := provision(t, b, "orders")
	for name, on := range map[string]backend.Target{
		"of_ours":    {Instance: "orders"},
		"elsewhere.": {Link: &backend.Link{Address: address, Role: admin}},
	} {
		for range 2 {
			if err := b.CreateDatabase(t.Context(), on, name); err != nil {
				t.Errorf("create %s: %v", name, err)
			}
		}
		conn := connect(t, address, admin, name)
		for range 2 {
			if err := b.DropDatabase(t.Context(), on, name); err != nil {
				t.Errorf("drop %s: %v", name, err)
			}
		}
		if err := conn.Ping(t.Context()); err == nil {
			t.Errorf("a session in %s goes on", name)
		}
	}
	if err := b.CreateDatabase(t.Context(), backend.Target{Instance: "missing"}, "app"); err == nil {
		t.Error("a database was made on an instance that is not there")
	}
}
