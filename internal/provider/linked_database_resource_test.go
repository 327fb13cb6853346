// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

const linkAddress = "dbos_linked_database.test"

// linkConfig is a configuration with one linked database. More are further attributes.
func linkConfig(password, more string) string {
	return fmt.Sprintf("resource \"dbos_linked_database\" \"test\" {\n  name     = \"legacy\"\n  hostname = \"db.example.com\"\n  password = %q\n%s}\n", password, more)
}

// expectUpdate is the check that the plan changes the link in place.
var expectUpdate = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(linkAddress, plancheck.ResourceActionUpdate)}}

func TestAccLinkedDatabase_life(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	linked := linkConfig(firstPassword, "")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		CheckDestroy:             gone(t, c, "databases/userdb/info/legacy"),
		Steps: []resource.TestStep{
			{
				Config: linked,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(linkAddress, tfjsonpath.New("id"), knownvalue.StringExact("legacy")),
					statecheck.ExpectKnownValue(linkAddress, tfjsonpath.New("organization"), knownvalue.StringExact("local")),
					statecheck.ExpectKnownValue(linkAddress, tfjsonpath.New("port"), knownvalue.Int64Exact(5432)),
					statecheck.ExpectKnownValue(linkAddress, tfjsonpath.New("admin_username"), knownvalue.StringExact("dbosadmin")),
					statecheck.ExpectSensitiveValue(linkAddress, tfjsonpath.New("password")),
				},
				Check: expectCalls(c, map[string]int{"POST databases/byod": 1, "DELETE databases/byod/*": 0}),
			},
			{
				ResourceName:            linkAddress,
				ImportState:             true,
				ImportStateId:           "legacy",
				ImportStateVerify:       true,
				ImportStateVerifyIgnore: []string{"password"},
			},
			{
				Config:           linkConfig(secondPassword, ""),
				ConfigPlanChecks: expectUpdate,
				Check:            expectCalls(c, map[string]int{"POST databases/byod": 2, "DELETE databases/byod/*": 1}),
			},
		},
	})
	if err := expectCalls(c, map[string]int{"DELETE databases/byod/*": 2, "DELETE databases/userdb/*": 0, "POST databases/userdb*": 0})(nil); err != nil {
		t.Error(err)
	}
}

// TestAccLinkedDatabase_lostAnswers loses the answer to each call that links, and to one that unlinks: nothing is
// accepted twice, even where the records do not tell that it is a link.
func TestAccLinkedDatabase_lostAnswers(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.LegacyRecords)
	lose := func(method, path string) func() {
		return func() { c.Inject(localcloud.Fault{Method: method, Path: path, Times: 1, Lose: true}) }
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{PreConfig: lose("POST", "databases/byod"), Config: linkConfig(firstPassword, "")},
			{
				PreConfig: func() { lose("POST", "databases/byod")(); lose("DELETE", "databases/byod/*")() },
				Config:    linkConfig(firstPassword, "  port = 6543\n"), ConfigPlanChecks: expectUpdate,
				Check: resource.TestCheckResourceAttr(linkAddress, "port", "6543"),
			},
		},
	})
	if n := c.Count("POST", "databases/byod"); n != 2 {
		t.Errorf("%d links were asked for, want one by the create and one by the change", n)
	}
	if n := c.Count("DELETE", "databases/userdb/*"); n != 0 {
		t.Errorf("%d instances were deleted", n)
	}
}
