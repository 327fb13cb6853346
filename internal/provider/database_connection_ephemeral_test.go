// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"maps"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

// echo makes what the ephemeral resource gives visible to a test.
const echo = `
provider "echo" {
  data = ephemeral.dbos_database_connection.test
}
resource "echo" "test" {}
`

func TestAccDatabaseConnection(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.Provision(t, "orders", "app", firstPassword)
	providers := c.Providers()
	maps.Copy(providers, map[string]func() (tfprotov6.ProviderServer, error){"echo": echoprovider.NewProviderServer()})
	at := func(attribute string) tfjsonpath.Path { return tfjsonpath.New("data").AtMapKey(attribute) }

	resource.Test(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_10_0)},
		ProtoV6ProviderFactories: providers,
		Steps: []resource.TestStep{
			{
				Config: `ephemeral "dbos_database_connection" "test" {
  database_instance_name = "ordres"
  password               = "irrelevant"
}` + echo,
				ExpectError: says(`Database instance "ordres" does not exist`),
			},
			{
				Config: `ephemeral "dbos_database_connection" "test" {
  database_instance_name = "orders"
  password               = "p%ss#word?"
  database               = "shop"
  sslmode                = "require"
}` + echo,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("echo.test", at("username"), knownvalue.StringExact("app")),
					statecheck.ExpectKnownValue("echo.test", at("url"), knownvalue.StringRegexp(regexp.MustCompile(`^postgresql://app:p%25ss%23word%3F@[^:]+:\d+/shop\?sslmode=require$`))),
				},
			},
		},
	})
	if n := c.Count("POST", "databases/userdb"); n != 1 {
		t.Errorf("%d instances were made, want only the one by hand", n)
	}
}
