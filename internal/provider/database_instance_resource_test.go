// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

const (
	instanceAddress = "dbos_database_instance.test"
	firstPassword   = "first-Passw0rd!"
	secondPassword  = "second-Passw0rd#"
)

// instanceConfig is a configuration with one instance. A field that is empty is left out.
type instanceConfig struct {
	Name       string // default "orders"
	Username   string // default "app"
	Password   string
	Version    int // of Password as a write-only one
	Protection string
	More       string
}

func (c instanceConfig) String() string {
	if c.Name == "" {
		c.Name = "orders"
	}
	if c.Username == "" {
		c.Username = "app"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "resource \"dbos_database_instance\" \"test\" {\n  name     = %q\n  username = %q\n", c.Name, c.Username)
	switch {
	case c.Version != 0 && c.Password != "":
		fmt.Fprintf(&b, "  password_wo = %q\n  password_wo_version = %d\n", c.Password, c.Version)
	case c.Version != 0:
		fmt.Fprintf(&b, "  password_wo_version = %d\n", c.Version)
	case c.Password != "":
		fmt.Fprintf(&b, "  password = %q\n", c.Password)
	}
	if c.Protection != "" {
		fmt.Fprintf(&b, "  deletion_protection = %s\n", c.Protection)
	}
	fmt.Fprintf(&b, "%s}\n", c.More)
	return b.String()
}

// says matches diagnostics in which these parts follow one another, however Terraform breaks the lines.
func says(parts ...string) *regexp.Regexp {
	for i, part := range parts {
		words := strings.Fields(part)
		for j, word := range words {
			words[j] = regexp.QuoteMeta(word)
		}
		parts[i] = strings.Join(words, `\s+`)
	}
	return regexp.MustCompile(`(?s)` + strings.Join(parts, `.*`))
}

// expectAction is the check that the plan of the instance is this action.
func expectAction(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(instanceAddress, action)}}
}

// expectCalls checks what the server has been asked since it started.
func expectCalls(c *acctest.Cloud, want map[string]int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		for call, n := range want {
			method, path, _ := strings.Cut(call, " ")
			if got := c.Count(method, path); got != n {
				return fmt.Errorf("%s was called %d times, want %d", call, got, n)
			}
		}
		return nil
	}
}

func TestAccDatabaseInstance_life(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	free := instanceConfig{Password: firstPassword, Protection: "false"}
	rotated := instanceConfig{Password: secondPassword, Protection: "false"}

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		CheckDestroy: func(*terraform.State) error {
			if status := c.Call(t, "GET", "databases/userdb/info/orders", nil, nil); status != http.StatusNotFound {
				return fmt.Errorf("after the destroy the instance answers %d", status)
			}
			return nil
		},
		Steps: []resource.TestStep{
			{
				Config: free.String(),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("id"), knownvalue.StringExact("orders")),
					statecheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("organization"), knownvalue.StringExact("local")),
					statecheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("hostname"), knownvalue.NotNull()),
					statecheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("port"), knownvalue.NotNull()),
					statecheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("admin_username"), knownvalue.StringExact("dbosadmin")),
					statecheck.ExpectSensitiveValue(instanceAddress, tfjsonpath.New("password")),
				},
				Check: expectCalls(c, map[string]int{"POST databases/userdb": 1, "POST databases/userdb/*/credentials": 0}),
			},
			{
				Config: rotated.String(),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(instanceAddress, plancheck.ResourceActionUpdate),
					plancheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("hostname"), knownvalue.NotNull()),
					plancheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("id"), knownvalue.StringExact("orders")),
				}},
				Check: expectCalls(c, map[string]int{
					"POST databases/userdb": 1, "POST databases/userdb/*/credentials": 1, "DELETE databases/userdb/*": 0,
				}),
			},
			{
				ResourceName:            instanceAddress,
				ImportState:             true,
				ImportStateId:           "orders",
				ImportStateVerify:       true,
				ImportStateVerifyIgnore: []string{"password", "deletion_protection"},
			},
			{
				PreConfig: func() {
					if status := c.Call(t, "DELETE", "databases/userdb/orders", nil, nil); status/100 != 2 {
						t.Fatalf("deleting by hand: %d", status)
					}
					c.AwaitGone(t, "orders")
				},
				Config:           rotated.String(),
				ConfigPlanChecks: expectAction(plancheck.ResourceActionCreate),
				Check:            expectCalls(c, map[string]int{"POST databases/userdb": 2}),
			},
		},
	})
}

func TestAccDatabaseInstance_writeOnlyPassword(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	config := instanceConfig{Password: firstPassword, Version: 1, Protection: "false"}
	sent := func(n int) resource.TestCheckFunc {
		return expectCalls(c, map[string]int{"POST databases/userdb/*/credentials": n})
	}
	step := func(change func(*instanceConfig), sends int, action plancheck.ResourceActionType) resource.TestStep {
		change(&config)
		return resource.TestStep{Config: config.String(), ConfigPlanChecks: expectAction(action), Check: sent(sends)}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{
				Config: config.String(),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("password_wo"), knownvalue.Null()),
					statecheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("password"), knownvalue.Null()),
				},
				Check: sent(0),
			},
			step(func(c *instanceConfig) { c.Password = secondPassword }, 0, plancheck.ResourceActionNoop),
			step(func(c *instanceConfig) { c.Version = 2 }, 1, plancheck.ResourceActionUpdate),
			step(func(c *instanceConfig) { c.Version, c.Password = 0, "" }, 1, plancheck.ResourceActionUpdate),
			step(func(c *instanceConfig) { c.Password = firstPassword }, 2, plancheck.ResourceActionUpdate),
			step(func(c *instanceConfig) { c.Version = 2 }, 3, plancheck.ResourceActionUpdate),
			step(func(c *instanceConfig) { c.Password = "" }, 3, plancheck.ResourceActionNoop),
			{
				Config:      instanceConfig{Version: 3, Protection: "false"}.String(),
				ExpectError: says("A changed password_wo_version sends the password, but password_wo is not set"),
			},
		},
	})
}

func TestAccDatabaseInstance_protection(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	protected := instanceConfig{Password: firstPassword}
	refusal := func(what string) *regexp.Regexp {
		return says(`Database instance "orders" is protected from being `+what, "deletion_protection = false", "terraform state rm dbos_database_instance.NAME")
	}
	nothingSent := expectCalls(c, map[string]int{"DELETE databases/userdb/*": 0, "POST databases/userdb": 1})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: protected.String()},
			{Config: protected.String(), Destroy: true, PlanOnly: true, ExpectError: refusal("destroyed")},
			{Config: "# the block is taken out", ExpectError: refusal("destroyed")},
			{Config: instanceConfig{Password: firstPassword, Name: "orders2"}.String(), ExpectError: refusal("replaced")},
			{Config: instanceConfig{Password: firstPassword, Username: "app2"}.String(), ExpectError: refusal("replaced")},
			{Config: instanceConfig{Password: firstPassword, Name: "orders2", Protection: "false"}.String(), ExpectError: refusal("replaced")},
			{Taint: []string{instanceAddress}, Config: protected.String(), ExpectError: says("terraform untaint dbos_database_instance.NAME")},
			{
				Config: "removed {\n  from = dbos_database_instance.test\n  lifecycle {\n    destroy = false\n  }\n}\n",
				Check:  nothingSent,
			},
		},
	})
	if status := c.Call(t, "GET", "databases/userdb/info/orders", nil, nil); status != http.StatusOK {
		t.Errorf("the protected instance answers %d", status)
	}
}

func TestAccDatabaseInstance_nameTaken(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.Provision(t, "orders", "someone", firstPassword)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{{
			Config:      instanceConfig{Password: secondPassword}.String(),
			ExpectError: says(`"orders": it exists already`, `import { to = dbos_database_instance.NAME id = "orders"`),
		}},
	})
	for call, want := range map[string]int{"POST databases/userdb": 1, "POST databases/userdb/*/credentials": 0, "DELETE databases/userdb/*": 0} {
		method, path, _ := strings.Cut(call, " ")
		if got := c.Count(method, path); got != want {
			t.Errorf("%s was called %d times, want %d", call, got, want)
		}
	}
}

func TestAccDatabaseInstance_importedPasswordIsLeftOrSetWithWarning(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.LegacyNames)
	c.Provision(t, "legacy-db-with-a-long-name", "app", firstPassword)
	imported := instanceConfig{Name: "legacy-db-with-a-long-name"}
	block := "import {\n  to = dbos_database_instance.test\n  id = \"legacy-db-with-a-long-name\"\n}\n"
	withPassword, unprotected := imported, imported
	withPassword.Password = secondPassword
	unprotected.Protection = "false"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{
				Config:           block + imported.String(),
				ConfigPlanChecks: expectAction(plancheck.ResourceActionNoop),
				Check:            expectCalls(c, map[string]int{"POST databases/userdb/*/credentials": 0}),
			},
			{
				Config:           withPassword.String(),
				ConfigPlanChecks: expectAction(plancheck.ResourceActionUpdate),
				Check:            expectCalls(c, map[string]int{"POST databases/userdb/*/credentials": 1}),
			},
			{Config: unprotected.String(), ConfigPlanChecks: expectAction(plancheck.ResourceActionUpdate)},
		},
	})
}

func TestAccDatabaseInstance_importErrors(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	step := func(id string, want ...string) resource.TestStep {
		return resource.TestStep{
			Config: instanceConfig{Password: firstPassword}.String(), ResourceName: instanceAddress,
			ImportState: true, ImportStateId: id, ExpectError: says(want...),
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			step("Orders!", "Invalid import id", "is its name"),
			step("nosuch", "Cannot import non-existent remote object"),
		},
	})
}

func TestAccDatabaseInstance_deadEnd(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.HoldStatus("orders", "storage-full")
	started := time.Now()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{{
			Config:      instanceConfig{Password: firstPassword, Protection: "false"}.String(),
			ExpectError: says(`Database instance "orders" has failed`, `"storage-full"`, "nothing was deleted", "-replace=dbos_database_instance.NAME"),
		}},
	})
	if took := time.Since(started); took > time.Minute {
		t.Errorf("the dead end took %v", took)
	}
}

func TestAccDatabaseInstance_destroyInUse(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	config := instanceConfig{Password: firstPassword, Protection: "false"}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: config.String()},
			{
				PreConfig:   func() { c.Register(t, "checkout", "orders") },
				Config:      config.String(),
				Destroy:     true,
				ExpectError: says(`Database instance "orders" is in use`, "checkout", "-target"),
			},
			{
				PreConfig: func() {
					if got := c.Count("DELETE", "databases/userdb/*"); got != 0 {
						t.Errorf("%d deletions were sent", got)
					}
					c.Call(t, "DELETE", "applications/checkout", map[string]any{"dropdb": false}, nil)
				},
				Config: config.String(),
			},
		},
	})
}

func TestAccDatabaseInstance_plannedRules(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	tests := map[string]struct {
		config instanceConfig
		want   []string
	}{
		"long name":         {instanceConfig{Name: "seventeen_letters", Password: firstPassword}, []string{"Invalid instance name"}},
		"hyphen":            {instanceConfig{Name: "my-db", Password: firstPassword}, []string{"Invalid instance name"}},
		"capital":           {instanceConfig{Name: "Orders", Password: firstPassword}, []string{"Invalid instance name"}},
		"reserved username": {instanceConfig{Username: "postgres", Password: firstPassword}, []string{"Invalid username", "reserved"}},
		"digit first":       {instanceConfig{Username: "1app", Password: firstPassword}, []string{"Invalid username"}},
		"no password":       {instanceConfig{}, []string{"Missing password"}},
		"short password":    {instanceConfig{Password: "short"}, []string{"Invalid password", "8"}},
		"slash in password": {instanceConfig{Password: "with/slash"}, []string{"Invalid password", "override_special"}},
		"two forms":         {instanceConfig{Password: firstPassword, Version: 1, More: "password = \"another-one\"\n"}, []string{"Invalid Attribute Combination"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: c.Providers(),
				Steps:                    []resource.TestStep{{Config: tt.config.String(), PlanOnly: true, ExpectError: says(tt.want...)}},
			})
			if n := len(c.Requests()); n != 0 {
				t.Errorf("the server was asked %d times, want never", n)
			}
		})
	}
}

func TestAccDatabaseInstance_lostAnswers(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.Inject(localcloud.Fault{Method: "POST", Path: "databases/userdb", Times: 1, Lose: true})
	c.Inject(localcloud.Fault{Method: "POST", Path: "databases/userdb/*/credentials", Times: 1, Lose: true})
	c.Inject(localcloud.Fault{Method: "DELETE", Path: "databases/userdb/*", Times: 1, Lose: true})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{{
			Config: instanceConfig{Password: firstPassword, Protection: "false"}.String(),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(instanceAddress, tfjsonpath.New("password"), knownvalue.StringExact(firstPassword)),
			},
			Check: expectCalls(c, map[string]int{"POST databases/userdb": 1}),
		}},
	})
}
