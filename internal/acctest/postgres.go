// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package acctest

import (
	"path/filepath"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// OwnPostgres is a PostgreSQL server of the test's own, which no local cloud has provisioned. Its roles dbosadmin and
// admin may create databases.
func OwnPostgres(t testing.TB, admin postgres.Role) *postgres.Server {
	t.Helper()
	installation, err := postgres.Find("")
	if err != nil {
		t.Fatal(err)
	}
	server, err := installation.Create(t.Context(), filepath.Join(t.TempDir(), "server"), admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	return server
}
