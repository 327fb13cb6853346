// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// TestAccRecovery_deletingMigration recovers from a migration that deletes all rows, which the running version would
// run again on the restored instance. One application is Terraform's own, the other one is bound.
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

// TestAccRecovery_wrongMoment restores a wrong moment and moves three applications to it. The way back leads over
// another name: without create_before_destroy it is refused, as the message says, and with it all applications move
// again.
func TestAccRecovery_wrongMoment(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	dir, moment := appDir(t), time.Now().UTC()
	for _, name := range []string{"billing", "legacy"} {
		c.Register(t, name, "orders")
	}
	deployed := func(instance string) string {
		config := strings.Replace(applicationConfig("INSTANCE", ""), `"INSTANCE"`, instance, 1) +
			fmt.Sprintf("locals {\n  names = [dbos_application.test.id, \"billing\", \"legacy\"]\n}\n"+
				"resource \"dbos_application_deployment\" \"test\" {\n  count = 3\n  application_name = local.names[count.index]\n  source_dir = %q\n}\n", dir)
		for _, name := range []string{"billing", "legacy"} {
			config += fmt.Sprintf("resource \"dbos_application_database_binding\" %[1]q {\n  application_name = %[1]q\n"+
				"  database_instance_name = %[2]s\n  depends_on = [dbos_application_deployment.test]\n}\n", name, instance)
		}
		return config
	}
	restored := func(name string, at time.Time, lifecycle string) string {
		return restoreConfig{Name: name, Source: `"orders"`, Time: fmt.Sprintf("%q", at.Format(time.RFC3339Nano)), More: lifecycle}.String() + deployed(restoreAddress+".id")
	}
	const firstCreate = "  lifecycle {\n    create_before_destroy = true\n  }\n"
	allOn := func(instance string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			for _, name := range []string{"shop", "billing", "legacy"} {
				var a appOnServer
				if c.Call(t, http.MethodGet, "applications/"+name, nil, &a); a.PostgresInstanceName != instance || a.Status != "AVAILABLE" {
					return fmt.Errorf("%s is %+v, want it on %s", name, a, instance)
				}
			}
			return nil
		}
	}

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: deployed(`"orders"`), Check: allOn("orders")},
			{Config: restored("wrong", moment, ""), Check: allOn("wrong")},
			{
				Config: restored("right", moment.Add(time.Millisecond), ""),
				ExpectError: says(`Database instance "wrong" is in use`, "billing, legacy, shop", "Nothing was changed",
					"if a change replaces the instance", "lifecycle { create_before_destroy = true }"),
			},
			{
				Config: restored("right", moment.Add(time.Millisecond), firstCreate),
				Check: resource.ComposeTestCheckFunc(allOn("right"), gone(t, c, "databases/userdb/info/wrong"),
					expectCalls(c, map[string]int{"POST databases/userdb/*/restore": 2, "POST applications/*/changedbinstance": 6, "DELETE databases/userdb/*": 1})),
			},
			{
				PreConfig: func() {
					for _, name := range []string{"billing", "legacy"} {
						deleteApplication(t, c, name)
					}
				},
				Config: strings.Replace(applicationConfig("INSTANCE", ""), `"INSTANCE"`, restoreAddress+".id", 1) + restoreConfig{Name: "right"}.String(),
			},
		},
	})
}

// TestAccRecovery_neverDeployed recovers applications that have no version, in the way that the messages say.
func TestAccRecovery_neverDeployed(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "legacy", "orders")
	moment := time.Now().UTC()
	on := func(instance string) string {
		return strings.Replace(applicationConfig("INSTANCE", ""), `"INSTANCE"`, instance, 1) +
			secretConfig
	}
	recovered := restoreConfig{Source: `"orders"`, Time: at(moment, time.RFC3339Nano)}.String() + on(restoreAddress+".id")
	bound := recovered + "resource \"dbos_application_database_binding\" \"legacy\" {\n  application_name = \"legacy\"\n  database_instance_name = dbos_database_restore.test.id\n}\n"
	const never = "cannot be moved before its first deploy"

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: on(`"orders"`)},
			{Config: recovered, ExpectError: says(`Application "shop" `+never, "terraform taint dbos_application.NAME")},
			{
				Taint:  []string{applicationAddress},
				Config: recovered,
				Check:  expectCalls(c, map[string]int{"POST applications/secrets": 2, "POST databases/userdb/*/restore": 1}),
			},
			{Config: bound, ExpectError: says(`Application "legacy" `+never, "npx dbos-cloud app delete legacy", "npx dbos-cloud app register legacy -d rescued")},
			{
				PreConfig: func() {
					deleteApplication(t, c, "legacy")
					c.Register(t, "legacy", "rescued")
				},
				Config: bound,
				Check: func(*terraform.State) error {
					for _, name := range []string{"shop", "legacy"} {
						var a appOnServer
						if c.Call(t, http.MethodGet, "applications/"+name, nil, &a); a.PostgresInstanceName != "rescued" {
							return fmt.Errorf("%s is %+v", name, a)
						}
					}
					return expectCalls(c, map[string]int{"POST applications/*/changedbinstance": 0})(nil)
				},
			},
			{PreConfig: func() { deleteApplication(t, c, "legacy") }, Config: recovered},
		},
	})
}
