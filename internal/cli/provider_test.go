// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cli_test

import (
	"errors"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/cli"
)

const madeByCLI = `
import {
  to = dbos_linked_database.legacy
  id = "legacy"
}
import {
  to = dbos_application.shop
  id = "shop"
}
resource "dbos_linked_database" "legacy" {
  name     = "legacy"
  hostname = "db.example.com"
}
resource "dbos_application" "shop" {
  name                   = "shop"
  database_instance_name = dbos_linked_database.legacy.id
}
data "dbos_application_versions" "shop" {
  application_name = "shop"
}
data "dbos_database_instances" "all" {}
data "dbos_application_secrets" "shop" {
  application_name = "shop"
}
`

// TestProviderSeesTheCLI imports with an empty plan what the CLI made, and the CLI lists what Terraform made.
func TestProviderSeesTheCLI(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.TLS)
	u := logIn(t, c, cli.Newest)
	u.ok("db", "link", "legacy", "-H", "db.example.com", "-W", firstPassword)
	u.write("package.json", `{"name": "shop"}`)
	u.write("dbos-config.yaml", "name: shop\nlanguage: node\n")
	u.ok("app", "register", "-d", "legacy")
	u.ok("app", "env", "create", "-s", "KEY", "-v", "value")
	u.ok("app", "deploy")
	version := answer[application](u, "app", "status", "shop").Version

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{
				Config: madeByCLI,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("dbos_linked_database.legacy", plancheck.ResourceActionNoop),
					plancheck.ExpectResourceAction("dbos_application.shop", plancheck.ResourceActionNoop),
				}},
				Check: resource.ComposeAggregateTestCheckFunc(
					resource.TestCheckResourceAttr("data.dbos_application_versions.shop", "versions.0.version", version),
					resource.TestCheckResourceAttr("data.dbos_application_secrets.shop", "names.0", "KEY"),
					resource.TestCheckResourceAttr("data.dbos_database_instances.all", "instances.0.name", "legacy"),
				),
			},
			{
				Config: madeByCLI + `
resource "dbos_database_instance" "orders" {
  name                = "orders"
  username            = "app"
  password            = "` + firstPassword + `"
  deletion_protection = false
}
resource "dbos_application" "cart" {
  name                   = "cart"
  database_instance_name = dbos_database_instance.orders.id
  language               = "node"
}
`,
				Check: func(*terraform.State) error { return sees(u) },
			},
		},
	})
	u.says("No database instances found", "db", "list")
}

// sees checks that the CLI lists what Terraform made beside its own.
func sees(u *user) error {
	instances, applications := answer[[]instance](u, "db", "list"), answer[[]application](u, "app", "list")
	if len(instances) != 2 || len(applications) != 2 {
		return errors.New("the CLI does not list two instances and two applications")
	}
	for _, a := range applications {
		if a.Name == "cart" && a.PostgresInstanceName == "orders" {
			return nil
		}
	}
	return errors.New("the CLI does not list the application that Terraform registered")
}
