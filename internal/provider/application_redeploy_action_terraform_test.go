// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// TestTerraformRedeploy runs the action after a secret changes, and by hand: each time there is one deploy.
func TestTerraformRedeploy(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "shop", "orders")
	config := func(version int, value string) string {
		return fmt.Sprintf(`
action "dbos_application_redeploy" "shop" {
  config {
    application_name = "shop"
  }
}

resource "dbos_application_secret" "key" {
  application_name = "shop"
  name             = "KEY"
  value_wo         = %q
  value_wo_version = %d

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.dbos_application_redeploy.shop]
    }
  }
}
`, value, version)
	}
	tf := inWorkspace(t, c, "")
	if !tf.Engine.HasQueries() {
		t.Skip("needs Terraform 1.14 or newer")
	}
	tf.write("deployment.tf", deploymentConfig(`"shop"`, appDir(t), ""))
	tf.ok(apply...)
	deploys := c.Count(http.MethodPost, "applications/shop")
	wantOne := func(out string) {
		t.Helper()
		if n := c.Count(http.MethodPost, "applications/shop") - deploys; n != 1 {
			t.Errorf("%d deploys, want 1:\n%s", n, out)
		}
		deploys = c.Count(http.MethodPost, "applications/shop")
		if !strings.Contains(out, "waiting until it serves") {
			t.Errorf("the progress is not shown:\n%s", out)
		}
		tf.unchanged()
	}
	tf.write("main.tf", config(1, "one"))
	wantOne(tf.ok(apply...))
	tf.write("main.tf", config(2, "two"))
	wantOne(tf.ok(apply...))
	wantOne(tf.ok("apply", "-auto-approve", "-invoke=action.dbos_application_redeploy.shop"))

	// A failed run leaves the secret applied and the action forgotten, until somebody runs it by hand.
	c.Inject(localcloud.Fault{Method: http.MethodPost, Path: "applications/shop", Times: 1, Status: http.StatusInternalServerError, Body: `{"message":"migration failed","detailedError":"no table"}`})
	tf.write("main.tf", config(3, "three"))
	tf.fails(apply, `Cannot deploy application "shop"`, "no table")
	tf.unchanged()
	deploys = c.Count(http.MethodPost, "applications/shop")
	wantOne(tf.ok("apply", "-auto-approve", "-invoke=action.dbos_application_redeploy.shop"))

	// What does not exist is an error, and deploys nothing.
	tf.write("main.tf", strings.Replace(config(3, "three"), "application_name = \"shop\"", "application_name = \"shop\"\n    previous_version = \"none\"", 1))
	tf.fails([]string{"apply", "-auto-approve", "-invoke=action.dbos_application_redeploy.shop"}, `Application "shop" has no version "none"`)
	if n := c.Count(http.MethodPost, "applications/shop"); n != deploys {
		t.Errorf("%d deploys of a version that does not exist", n-deploys)
	}
}
