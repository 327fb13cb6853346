// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// with is an environment with some variables changed.
func with(environment map[string]string, changes map[string]string) map[string]string {
	environment = maps.Clone(environment)
	maps.Copy(environment, changes)
	return environment
}

func TestAccProvider_needsNoLoginBeforeTheFirstNeed(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	environment := with(c.Environment(), map[string]string{"DBOS_TOKEN": "", "DBOS_CREDENTIALS_FILE": ""})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(environment),
		Steps: []resource.TestStep{
			{Config: instanceConfig{Password: firstPassword}.String(), PlanOnly: true, ExpectNonEmptyPlan: true},
			{
				Config: instanceConfig{Password: firstPassword}.String(),
				ExpectError: says("Cannot find the organization of", "There is no login for DBOS Cloud",
					"DBOS_REFRESH_TOKEN", "DBOS_TOKEN", "dbos-cloud login"),
			},
			{Config: `data "dbos_account" "me" {}`, ExpectError: says("There is no login for DBOS Cloud")},
		},
	})
	if n := len(c.Requests()); n != 0 {
		t.Errorf("%d requests were sent without a login", n)
	}
}

func TestAccProvider_unknownSettingNeverFallsThrough(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(), // the environment has a login, of another account for all one knows
		Steps: []resource.TestStep{{
			Config: `
resource "terraform_data" "token" {
  input = "of-the-same-apply"
}
provider "dbos" {
  token = terraform_data.token.output
}
data "dbos_database_instances" "all" {}
`,
			ExpectError: says("configuration is not known yet", "token of provider \"dbos\" is only known after apply"),
		}},
	})
	if n := len(c.Requests()); n != 0 {
		t.Errorf("%d requests were sent with another login", n)
	}
}

// TestAccProvider_refusedReadsLeaveTheState has everything answered that is no proof of an object's absence.
func TestAccProvider_refusedReadsLeaveTheState(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault localcloud.Fault
		want  []string
	}{
		"HTML 404":  {localcloud.Fault{Status: 404, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html><body>nothing here</body></html>"}, []string{"Cannot read database instance", "404"}},
		"empty 404": {localcloud.Fault{Status: 404}, []string{"Cannot read database instance", "404"}},
		"401":       {localcloud.Fault{Status: 401, Body: `{"message":"unauthorized","statusCode":401,"requestID":"r-401"}`}, []string{"does not accept the login", "Log in again, or check the endpoint"}},
		"403":       {localcloud.Fault{Status: 403, Body: `{"message":"forbidden","statusCode":403,"requestID":"r-403"}`}, []string{"r-403", "Check the organization and the token"}},
		"truncated": {localcloud.Fault{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: `{"PostgresInstanceName":"ord`}, []string{"Cannot read database instance"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := acctest.Start(t)
			config := instanceConfig{Password: firstPassword, Protection: "false"}.String()
			provider := "provider \"dbos\" {\n  retry_timeout = \"1s\"\n}\n"
			var remove func()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: c.Providers(),
				Steps: []resource.TestStep{
					{Config: provider + config},
					{
						PreConfig: func() {
							tt.fault.Method, tt.fault.Path = "GET", "databases*"
							first := c.Inject(tt.fault)
							tt.fault.Path = "databases/userdb/info/*"
							second := c.Inject(tt.fault)
							remove = func() { first(); second() }
						},
						Config: provider + config, PlanOnly: true, ExpectError: says(tt.want...),
					},
					{PreConfig: func() { remove() }, Config: provider + config, PlanOnly: true},
				},
			})
		})
	}
}

// TestTerraformOrganizationGuard works with another organization's login on the same state.
func TestTerraformOrganizationGuard(t *testing.T) {
	t.Parallel()
	ours, theirs := acctest.Start(t), acctest.Start(t, acctest.Organization("other"))
	theirs.Provision(t, "orders", "app", secondPassword)
	config := instanceConfig{Password: firstPassword, Protection: "false"}.String()
	tf := inWorkspace(t, ours, config)
	tf.ok(apply...)
	home := tf.Env
	tf.Env = theirs.Variables()
	const both = `The state names organization "local", but the provider works in organization "other"`
	tf.fails([]string{"plan"}, both)
	tf.fails([]string{"destroy", "-auto-approve", "-refresh=false"}, both)
	tf.write("main.tf", instanceConfig{Password: secondPassword, Protection: "false"}.String())
	tf.fails([]string{"apply", "-auto-approve", "-refresh=false"}, both)
	for _, call := range []string{"DELETE databases/userdb/*", "POST databases/userdb/*/credentials"} {
		method, path, _ := strings.Cut(call, " ")
		if n := theirs.Count(method, path); n != 0 {
			t.Errorf("%s was called %d times in the wrong organization", call, n)
		}
	}
	tf.Env = home

	// An alias of the other organization, and one that claims ours with its login.
	alias := func(organization string) string {
		return fmt.Sprintf("provider \"dbos\" {\n  alias = \"other\"\n  endpoint = %q\n  token = %q\n  organization = %q\n}\n",
			theirs.Connection().Endpoint, theirs.Connection().Token, organization) +
			strings.Replace(config, "{\n", "{\n  provider = dbos.other\n", 1)
	}
	tf.write("main.tf", alias(""))
	tf.fails([]string{"plan"}, both)
	tf.fails([]string{"destroy", "-auto-approve", "-refresh=false"}, both)
	tf.write("main.tf", alias("local"))
	tf.fails([]string{"plan"}, "user other is not a member of organization local")
	tf.fails([]string{"destroy", "-auto-approve", "-refresh=false"}, "user other is not a member of organization local")

	// The organization has another name from now on.
	tf.write("main.tf", config)
	restore := ours.Inject(localcloud.Fault{Path: "user/profile", Status: 200, Body: `{"Name":"local","Organization":"renamed"}`})
	const renamed = `The state names organization "local", but the provider works in organization "renamed"`
	tf.fails([]string{"plan"}, renamed, `add "local" to organization_former_names`)
	tf.fails([]string{"destroy", "-auto-approve", "-refresh=false"}, renamed)
	restore()
	if n := ours.Count("DELETE", "databases/userdb/*") + theirs.Count("DELETE", "databases/userdb/*"); n != 0 {
		t.Errorf("%d instances were destroyed", n)
	}
	tf.unchanged()
}

// TestTerraformEphemeralSettings has every setting of the provider come from values that Terraform stores nowhere.
func TestTerraformEphemeralSettings(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.TLS)
	connection := c.Connection()
	settings := map[string]string{
		"endpoint": connection.Endpoint, "token": connection.Token, "refresh_token": connection.RefreshToken, "auth_endpoint": connection.AuthEndpoint,
		"organization": connection.Organization, "credentials_file": connection.CredentialsFile, "ca_certificate_file": connection.CAFile,
		"request_timeout": "61s", "retry_timeout": "121s",
	}
	var variables, provider strings.Builder
	var environment []string
	for name, value := range settings {
		fmt.Fprintf(&variables, "variable %q {\n  type = string\n  ephemeral = true\n}\n", name)
		fmt.Fprintf(&provider, "  %s = var.%s\n", name, name)
		environment = append(environment, "TF_VAR_"+name+"="+value)
	}
	tf := inWorkspace(t, c, variables.String()+"provider \"dbos\" {\n"+provider.String()+"}\n"+instanceConfig{Password: firstPassword}.String())
	tf.Env = environment
	tf.ok(apply...)
	tf.unchanged()
	state := tf.ok("show", "-json")
	for name, value := range settings {
		if name != "organization" && strings.Contains(state, value) {
			t.Errorf("%s is in the state", name)
		}
	}
}

func TestTerraformGeneratedConfigurationPlans(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.Provision(t, "orders", "app", firstPassword)
	tf := inWorkspace(t, c, "import {\n  to = dbos_database_instance.test\n  id = \"orders\"\n}\n")
	tf.ok("plan", "-generate-config-out=generated.tf")
	generated, err := os.ReadFile(filepath.Join(tf.Dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if out := tf.ok(apply...); !strings.Contains(out, "1 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("the generated configuration changes something:\n%s\n%s", generated, out)
	}
	tf.unchanged()
}

// TestTerraformDeadEndIsLeftByTheStepsThatItNames follows the message.
func TestTerraformDeadEndIsLeftByTheStepsThatItNames(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	release := c.HoldStatus("orders", "storage-full")
	tf := inWorkspace(t, c, instanceConfig{Password: firstPassword}.String())
	tf.fails(apply, `Database instance "orders" has failed`, `"storage-full"`, "1. terraform untaint", "2. set deletion_protection = false", "3. terraform apply", "4. terraform apply -replace")
	tf.ok("untaint", instanceAddress)
	tf.write("main.tf", instanceConfig{Password: firstPassword, Protection: "false"}.String())
	tf.fails(apply, `"storage-full"`, "-replace=dbos_database_instance.NAME")
	release()
	tf.ok("apply", "-auto-approve", "-replace="+instanceAddress)
	tf.unchanged()
	if n := c.Count("DELETE", "databases/userdb/*"); n != 1 {
		t.Errorf("%d deletions, want the one that was asked for", n)
	}
}

// TestAccProvider_tokensEndDuringTheWait has nothing but a refresh token, over TLS, and access tokens that do not last
// as long as the create.
func TestAccProvider_tokensEndDuringTheWait(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.TLS, acctest.TokenLifetime(5*time.Second), acctest.ProvisionTime(8*time.Second))
	environment := with(c.Environment(), map[string]string{"DBOS_TOKEN": "", "DBOS_REFRESH_TOKEN": c.Connection().RefreshToken})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(environment),
		Steps: []resource.TestStep{{
			Config: instanceConfig{Password: firstPassword, Protection: "false"}.String(),
			Check:  expectCalls(c, map[string]int{"POST databases/userdb": 1}),
		}},
	})
}

func TestAccProvider_untrustedCertificateIsFinal(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.TLS)
	started := time.Now()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(with(c.Environment(), map[string]string{"DBOS_CA_CERTIFICATE_FILE": ""})),
		Steps: []resource.TestStep{{
			Config:      `data "dbos_account" "me" {}`,
			ExpectError: says("certificate"),
		}},
	})
	if took := time.Since(started); took > time.Minute {
		t.Errorf("an untrusted certificate took %v", took)
	}
}

// TestTerraformAliases manages instances of one name in two organizations.
func TestTerraformAliases(t *testing.T) {
	t.Parallel()
	first, second := acctest.Start(t), acctest.Start(t, acctest.Organization("second"))
	tf := inWorkspace(t, first, instanceConfig{Password: firstPassword}.String()+fmt.Sprintf(`
provider "dbos" {
  alias    = "second"
  endpoint = %q
  token    = %q
}
resource "dbos_database_instance" "second" {
  provider = dbos.second
  name     = "orders"
  username = "app"
  password = %q
}
output "organizations" {
  value = "${dbos_database_instance.test.organization} ${dbos_database_instance.second.organization}"
}
`, second.Connection().Endpoint, second.Connection().Token, secondPassword))
	if out := tf.ok(apply...); !strings.Contains(out, `organizations = "local second"`) {
		t.Errorf("the organizations are others:\n%s", out)
	}
	tf.unchanged()
	for _, c := range []*acctest.Cloud{first, second} {
		if n := c.Count("POST", "databases/userdb"); n != 1 {
			t.Errorf("%d instances in %s, want one", n, c.Connection().Organization)
		}
	}
}
