// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

// migratingDir is the directory of an application whose migrations are SQL.
func migratingDir(t *testing.T, name, sql string) string {
	t.Helper()
	dir := t.TempDir()
	appFile(t, dir, "package.json", "{}")
	appFile(t, dir, "dbos-config.yaml", fmt.Sprintf(`name: %s
language: node
database:
  migrate:
    - psql --quiet --set=ON_ERROR_STOP=1 --file=migrations.sql "$DBOS_DATABASE_URL"
`, name))
	appFile(t, dir, "migrations.sql", sql)
	return dir
}

// TestAccRecovery_deletingMigration recovers from a migration that deletes all rows, which the running version would run
// again on the restored instance. One application is Terraform's own, the other one is bound.
func TestAccRecovery_deletingMigration(t *testing.T) {
	t.Parallel()
	const (
		table   = "CREATE TABLE IF NOT EXISTS goods (id int);\n"
		damage  = "DELETE FROM goods;\n"
		fill    = "INSERT INTO goods SELECT generate_series(1, 100)"
		count   = "SELECT count(*)::text FROM goods"
		now     = `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
		hundred = "100"
	)
	c := acctest.Start(t, acctest.Postgres)
	dirs := map[string]string{"shop": migratingDir(t, "shop", table), "legacy": migratingDir(t, "legacy", table)}
	moment := filepath.Join(t.TempDir(), "moment")
	config := func(instance, version, more string) string {
		return instanceConfig{Password: firstPassword, Protection: "false"}.String() + fmt.Sprintf(`
resource "dbos_application" "shop" {
  name                   = "shop"
  database_instance_name = %s
  previous_version       = %s
  language               = "node"
}
resource "dbos_application_deployment" "shop" {
  application_name = dbos_application.shop.id
  source_dir       = %q
}
resource "dbos_application_deployment" "legacy" {
  application_name = "legacy"
  source_dir       = %q
}
`, instance, version, dirs["shop"], dirs["legacy"]) + more
	}
	original := config(instanceAddress+".id", "null", "")
	recovered := config(restoreAddress+".id", "data.dbos_application_versions.shop.running_version",
		restoreConfig{Source: `"orders"`, Time: fmt.Sprintf("file(%q)", moment)}.String()+fmt.Sprintf(`
data "dbos_application_versions" "shop" {
  application_name = "shop"
  running_at       = file(%[1]q)
}
data "dbos_application_versions" "legacy" {
  application_name = "legacy"
  running_at       = file(%[1]q)
}
resource "dbos_application_database_binding" "legacy" {
  application_name       = "legacy"
  database_instance_name = dbos_database_restore.test.id
  previous_version       = data.dbos_application_versions.legacy.running_version
}
`, moment))
	// each asks the same of both applications' databases on an instance.
	each := func(address, want string, statements ...string) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			for name := range dirs {
				d := databaseOf(state, address)
				d.name = name
				got, err := d.query(t, firstPassword, statements...)
				if err == nil && got != want {
					err = fmt.Errorf("%s answers %q to %q on %s, want %q", name, got, statements, address, want)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
	}

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: instanceConfig{Password: firstPassword, Protection: "false"}.String()},
			{
				PreConfig: func() { c.Register(t, "legacy", "orders") },
				Config:    original,
				Check: resource.ComposeTestCheckFunc(
					each(instanceAddress, hundred, fill, count),
					func(state *terraform.State) error {
						at, err := databaseOf(state, instanceAddress).query(t, firstPassword, now)
						return errors.Join(err, os.WriteFile(moment, []byte(at), 0o600))
					},
				),
			},
			{
				PreConfig: func() {
					for _, dir := range dirs {
						appFile(t, dir, "migrations.sql", table+damage)
					}
				},
				Config: original,
				Check:  each(instanceAddress, "0", count),
			},
			{Config: recovered, Check: each(restoreAddress, hundred, count)},
			{
				PreConfig: func() { deleteApplication(t, c, "legacy") },
				Config:    instanceConfig{Password: firstPassword, Protection: "false"}.String(),
			},
		},
	})
}
