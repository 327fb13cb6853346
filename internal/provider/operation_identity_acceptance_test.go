// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/querycheck/queryfilter"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

// names are the attributes of an identity.
func names(values map[string]string) map[string]knownvalue.Check {
	checks := map[string]knownvalue.Check{"organization": knownvalue.StringExact("local")}
	for name, value := range values {
		checks[name] = knownvalue.StringExact(value)
	}
	return checks
}

func TestAccIdentity_ofAllResources(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	const linked = "resource \"dbos_linked_database\" \"test\" {\n  name = \"legacy\"\n  hostname = \"db.example.com\"\n  password = \"" + firstPassword + "\"\n}\n"
	config := instanceConfig{Password: firstPassword, Protection: "false"}.String() + linked + secretConfig +
		applicationConfig("orders", "  depends_on = [dbos_database_instance.test]\n") +
		deploymentConfig("dbos_application.test.id", appDir(t), "")
	application := names(map[string]string{"application_name": "shop"})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectIdentity(instanceAddress, names(map[string]string{"name": "orders"})),
					statecheck.ExpectIdentity("dbos_linked_database.test", names(map[string]string{"name": "legacy"})),
					statecheck.ExpectIdentity(applicationAddress, names(map[string]string{"name": "shop"})),
					statecheck.ExpectIdentity(deploymentAddress, application),
					statecheck.ExpectIdentity(secretAddress, names(map[string]string{"application_name": "shop", "name": "KEY"})),
				},
			},
		},
	})
}

func TestAccIdentity_imports(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "shop", "orders")
	config := bindingConfig("orders", "")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		Steps: []resource.TestStep{
			{Config: config},
			{Config: config, ResourceName: bindingAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
		},
	})
}

// TestTerraformRenamedOrganization has an admin rename the organization, whose objects stay where they are.
func TestTerraformRenamedOrganization(t *testing.T) {
	t.Parallel()
	before, after := acctest.Start(t), acctest.Start(t, acctest.Organization("renamed"))
	config := instanceConfig{Password: firstPassword, Protection: "false"}.String()
	tf := inWorkspace(t, before, config)
	tf.ok(apply...)
	after.Provision(t, "orders", "app", firstPassword)
	writes := after.Count(http.MethodPost, "")
	tf.Env = after.Variables()
	tf.fails([]string{"plan"}, `add "local" to organization_former_names`)

	former := "provider \"dbos\" {\n  organization_former_names = [\"local\"]\n}\n" + config
	tf.write("main.tf", former)
	if out := tf.ok("plan", "-refresh=false"); !strings.Contains(out, `"local" -> "renamed"`) {
		t.Errorf("without a refresh the plan does not record the new name:\n%s", out)
	}
	if out := tf.ok(apply...); !strings.Contains(out, "0 added, 0 changed, 0 destroyed") {
		t.Errorf("the apply changes something:\n%s", out)
	}
	tf.write("main.tf", config)
	tf.unchanged()
	if attributes, _ := tf.attributes(); attributes["organization"] != "renamed" {
		t.Errorf("the state records organization %q", attributes["organization"])
	}
	if n := after.Count(http.MethodPost, "") - writes; n != 0 {
		t.Errorf("%d calls changed something", n)
	}
}

func TestAccQuery_lists(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders", "billing", "shop_eu")
	c.Register(t, "shop", "orders")
	const query = `
provider "dbos" {}

list "dbos_database_instance" "all" {
  provider = dbos
}

list "dbos_database_instance" "shops" {
  provider         = dbos
  include_resource = true

  config {
    name_prefix = "shop_"
  }
}

list "dbos_database_instance" "two" {
  provider = dbos
  limit    = 2
}

list "dbos_application_secret" "none" {
  provider = dbos
}
`
	shop := names(map[string]string{"name": "shop_eu"})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_14_0)},
		Steps: []resource.TestStep{{
			Query:  true,
			Config: query,
			QueryResultChecks: []querycheck.QueryResultCheck{
				querycheck.ExpectLength("dbos_database_instance.all", 3),
				querycheck.ExpectLength("dbos_database_instance.two", 2),
				querycheck.ExpectIdentity("dbos_database_instance.shops", shop),
				querycheck.ExpectResourceDisplayName("dbos_database_instance.shops", queryfilter.ByResourceIdentity(shop), knownvalue.StringExact("shop_eu")),
				querycheck.ExpectResourceKnownValues("dbos_database_instance.shops", queryfilter.ByResourceIdentity(shop), []querycheck.KnownValueCheck{
					{Path: tfjsonpath.New("username"), KnownValue: knownvalue.StringExact("app")},
					{Path: tfjsonpath.New("deletion_protection"), KnownValue: knownvalue.Bool(true)},
				}),
			},
		}},
	})
}
