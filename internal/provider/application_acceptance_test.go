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
	applicationAddress = "dbos_application.test"
	bindingAddress     = "dbos_application_database_binding.test"
	deploymentAddress  = "dbos_application_deployment.test"
	secretAddress      = "dbos_application_secret.test"
)

// cloudWithInstances is a local cloud with instances made by hand.
func cloudWithInstances(t *testing.T, names ...string) *acctest.Cloud {
	t.Helper()
	c := acctest.Start(t)
	for _, name := range names {
		c.Provision(t, name, "app", firstPassword)
	}
	return c
}

// appDir is the directory of an application called shop.
func appDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	appFile(t, dir, "package.json", "{}")
	appFile(t, dir, "dbos-config.yaml", "name: shop\nlanguage: node\n")
	return dir
}

func appFile(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func applicationConfig(instance, more string) string {
	return fmt.Sprintf("resource \"dbos_application\" \"test\" {\n  name = \"shop\"\n  database_instance_name = %q\n  language = \"node\"\n%s}\n", instance, more)
}

func deploymentConfig(application, dir, more string) string {
	return fmt.Sprintf("resource \"dbos_application_deployment\" \"test\" {\n  application_name = %s\n  source_dir = %q\n%s}\n", application, dir, more)
}

const secretConfig = "resource \"dbos_application_secret\" \"test\" {\n  application_name = dbos_application.test.id\n  name = \"KEY\"\n  value = \"hush\"\n}\n"

// wholeConfig is an application with a secret and a deployment.
func wholeConfig(dir, instance string) string {
	return applicationConfig(instance, "  min_executors = 1\n") + secretConfig +
		deploymentConfig("dbos_application.test.id", dir, "  depends_on = [dbos_application_secret.test]\n")
}

func bindingConfig(instance, more string) string {
	return fmt.Sprintf("resource \"dbos_application_database_binding\" \"test\" {\n  application_name = \"shop\"\n  database_instance_name = %q\n%s}\n", instance, more)
}

// appOnServer is an application as the server tells of it.
type appOnServer struct {
	PostgresInstanceName, Status, Version string
	ExecutorsMemoryMib                    int
}

func lookAtShop(t *testing.T, c *acctest.Cloud) (a appOnServer) {
	t.Helper()
	if status := c.Call(t, http.MethodGet, "applications/shop", nil, &a); status != http.StatusOK {
		t.Fatalf("looking at shop: %d", status)
	}
	return a
}

// redeployByHand deploys a version of shop, or moves it, behind Terraform's back.
func redeployByHand(t *testing.T, c *acctest.Cloud, path string, body map[string]string) {
	t.Helper()
	if status := c.Call(t, http.MethodPost, "applications/shop"+path, body, nil); status/100 != 2 {
		t.Fatalf("redeploying shop: %d", status)
	}
	acctest.Await(t, "shop is available", func() bool { return lookAtShop(t, c).Status == "AVAILABLE" })
}

// deleteShop deletes shop behind Terraform's back.
func deleteShop(t *testing.T, c *acctest.Cloud) {
	t.Helper()
	deleteApplication(t, c, "shop")
}

// deleteApplication deletes an application behind Terraform's back.
func deleteApplication(t *testing.T, c *acctest.Cloud, name string) {
	t.Helper()
	if status := c.Call(t, http.MethodDelete, "applications/"+name, map[string]bool{"dropdb": false}, nil); status/100 != 2 {
		t.Fatalf("deleting %s: %d", name, status)
	}
	acctest.Await(t, name+" is gone", func() bool {
		return c.Call(t, http.MethodGet, "applications/"+name, nil, nil) == http.StatusNotFound
	})
}

func gone(t *testing.T, c *acctest.Cloud, path string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if status := c.Call(t, http.MethodGet, path, nil, nil); status != http.StatusNotFound {
			return fmt.Errorf("%s answers %d after the destroy", path, status)
		}
		return nil
	}
}

func TestAccApplication_life(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	limited := applicationConfig("orders", "  executors_memory_mib = 1024\n  min_executors = 1\n  max_executors = 2\n")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		CheckDestroy:             gone(t, c, "applications/shop"),
		Steps: []resource.TestStep{
			{
				Config: applicationConfig("orders", ""),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(applicationAddress, tfjsonpath.New("id"), knownvalue.StringExact("shop")),
					statecheck.ExpectKnownValue(applicationAddress, tfjsonpath.New("organization"), knownvalue.StringExact("local")),
					statecheck.ExpectKnownValue(applicationAddress, tfjsonpath.New("application_id"), knownvalue.NotNull()),
				},
				Check: expectCalls(c, map[string]int{"PUT applications": 1, "PATCH applications/*": 0}),
			},
			{
				Config: limited,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(applicationAddress, plancheck.ResourceActionUpdate),
					plancheck.ExpectKnownValue(applicationAddress, tfjsonpath.New("id"), knownvalue.StringExact("shop")),
				}},
				Check: expectCalls(c, map[string]int{"PUT applications": 1, "PATCH applications/*": 1}),
			},
			{
				ResourceName:            applicationAddress,
				ImportState:             true,
				ImportStateId:           "shop",
				ImportStateVerify:       true,
				ImportStateVerifyIgnore: []string{"language", "min_executors", "max_executors"},
			},
			{
				PreConfig:        func() { deleteShop(t, c) },
				Config:           limited,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(applicationAddress, plancheck.ResourceActionCreate)}},
				Check:            expectCalls(c, map[string]int{"PUT applications": 2, "PATCH applications/*": 2}),
			},
		},
	})
}

// The whole life of an application: secrets before the deploy, moved in place with the version that runs, moved back
// after somebody has moved it, and everything destroyed in the right order.
func TestAccApplication_deployedAndMoved(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders", "restored")
	dir := appDir(t)
	config := func(instance string, secretVersion int) string {
		return applicationConfig(instance, "  drop_database_on_destroy = true\n") +
			fmt.Sprintf("resource \"dbos_application_secret\" \"test\" {\n  application_name = dbos_application.test.id\n  name = \"KEY\"\n  value_wo = \"hush\"\n  value_wo_version = %d\n}\n", secretVersion) +
			deploymentConfig("dbos_application.test.id", dir, "  triggers = { secret = \"${dbos_application_secret.test.id} ${dbos_application_secret.test.value_wo_version}\" }\n")
	}
	var version string
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		CheckDestroy:             gone(t, c, "applications/shop"),
		Steps: []resource.TestStep{
			{
				Config: config("orders", 1),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(deploymentAddress, tfjsonpath.New("version"), knownvalue.NotNull()),
					statecheck.ExpectKnownValue(deploymentAddress, tfjsonpath.New("source_hash"), knownvalue.NotNull()),
					statecheck.ExpectKnownValue(deploymentAddress, tfjsonpath.New("url"), knownvalue.NotNull()),
				},
				Check: func(*terraform.State) error {
					version = lookAtShop(t, c).Version
					requests := c.Requests()
					var order []string
					for _, request := range requests {
						if request.Method != http.MethodGet && strings.Contains(request.Path, "/applications") {
							order = append(order, request.Method+" "+request.Path[strings.LastIndex(request.Path, "/")+1:])
						}
					}
					if got := strings.Join(order, ", "); got != "PUT applications, POST secrets, POST shop" {
						return errors.New("the writes came in this order: " + got)
					}
					return nil
				},
			},
			{
				// A secret's new version is one more deploy.
				Config: config("orders", 2),
				Check: func(*terraform.State) error {
					if now := lookAtShop(t, c).Version; now == version {
						return errors.New("the new secret was not deployed")
					}
					version = lookAtShop(t, c).Version
					return expectCalls(c, map[string]int{"POST applications/secrets": 2, "POST applications/shop": 2})(nil)
				},
			},
			{
				Config: config("restored", 2),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(applicationAddress, plancheck.ResourceActionUpdate),
					plancheck.ExpectResourceAction(deploymentAddress, plancheck.ResourceActionNoop),
					plancheck.ExpectResourceAction(secretAddress, plancheck.ResourceActionNoop),
				}},
				Check: func(*terraform.State) error {
					if now := lookAtShop(t, c); now.PostgresInstanceName != "restored" || now.Version != version {
						return fmt.Errorf("after the move: %+v", now)
					}
					return expectCalls(c, map[string]int{"PUT applications": 1, "POST applications/*/changedbinstance": 1, "DELETE applications/*": 0})(nil)
				},
			},
			{
				PreConfig: func() {
					redeployByHand(t, c, "/changedbinstance", map[string]string{"previous_version": version, "target_database_name": "orders"})
				},
				Config:           config("restored", 2),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(applicationAddress, plancheck.ResourceActionUpdate)}},
				Check: func(*terraform.State) error {
					if now := lookAtShop(t, c).PostgresInstanceName; now != "restored" {
						return errors.New("it was not moved back from " + now)
					}
					return nil
				},
			},
		},
	})
}

func TestAccApplication_plannedRules(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders", "restored")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: applicationConfig("orders", "")},
			{
				Config:      applicationConfig("restored", ""),
				ExpectError: says(`Application "shop" cannot be moved before its first deploy`, "terraform taint dbos_application.NAME"),
			},
			{
				Config:      strings.Replace(applicationConfig("orders", ""), `"node"`, `"python"`, 1),
				ExpectError: says(`Application "shop" is registered already`, "language = node, which cannot be changed", "terraform taint dbos_application.NAME"),
			},
			{
				Config:      applicationConfig("orders", "  time_travel = true\n"),
				ExpectError: says(`Application "shop" is registered already`, "time_travel = false, which cannot be changed"),
			},
		},
	})
}

func TestAccApplication_taken(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "shop", "orders")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: applicationConfig("orders", ""), ExpectError: says(`Cannot register application "shop": it exists already`, "to = dbos_application.NAME", `id = "shop"`)},
			{Config: applicationConfig("missing", "  lifecycle {\n    create_before_destroy = true\n  }\n"), ExpectError: says("it exists already")},
			{Config: strings.Replace(applicationConfig("missing", ""), "shop", "store", 1), ExpectError: says(`Database instance "missing" does not exist`)},
		},
	})
	if status := c.Call(t, http.MethodGet, "applications/shop", nil, nil); status != http.StatusOK {
		t.Errorf("somebody's application answers %d", status)
	}
}

// Every answer to a write is lost once; each write is carried out once.
func TestAccApplication_lostAnswers(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders", "restored")
	for _, call := range []string{"PUT applications", "PATCH applications/*", "POST applications/secrets", "POST applications/shop", "POST applications/*/changedbinstance", "DELETE applications/*/secrets/*", "DELETE applications/*"} {
		method, path, _ := strings.Cut(call, " ")
		c.Inject(localcloud.Fault{Method: method, Path: path, Times: 1, Lose: true})
	}
	dir := appDir(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		CheckDestroy:             gone(t, c, "applications/shop"),
		Steps: []resource.TestStep{
			{
				Config: wholeConfig(dir, "orders"),
				Check: func(*terraform.State) error {
					var versions []any
					c.Call(t, http.MethodGet, "applications/shop/versions", nil, &versions)
					if len(versions) != 1 {
						return fmt.Errorf("%d versions were deployed, want one", len(versions))
					}
					return expectCalls(c, map[string]int{"PUT applications": 1, "POST applications/shop": 1})(nil)
				},
			},
			{
				Config: wholeConfig(dir, "restored"),
				Check:  expectCalls(c, map[string]int{"POST applications/*/changedbinstance": 1}),
			},
		},
	})
}

func TestAccApplicationDatabaseBinding_life(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders", "restored")
	c.Register(t, "shop", "orders")
	dir := appDir(t)
	deployed := deploymentConfig(`"shop"`, dir, "")
	after := "  depends_on = [dbos_application_deployment.test]\n"
	var first string
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		CheckDestroy: func(*terraform.State) error {
			if a := lookAtShop(t, c); a.PostgresInstanceName != "restored" {
				return fmt.Errorf("after the destroy the application is on %s", a.PostgresInstanceName)
			}
			return nil
		},
		Steps: []resource.TestStep{
			{Config: bindingConfig("restored", ""), ExpectError: says(`Application "shop" cannot be moved before its first deploy`, "npx dbos-cloud app register shop -d restored")},
			{
				// Bound already: nothing is written.
				Config: deployed + bindingConfig("orders", after),
				Check: func(*terraform.State) error {
					first = lookAtShop(t, c).Version
					return expectCalls(c, map[string]int{"POST applications/shop": 1, "POST applications/*/changedbinstance": 0})(nil)
				},
			},
			{
				Config: deployed + bindingConfig("restored", after),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(bindingAddress, plancheck.ResourceActionUpdate),
					plancheck.ExpectKnownValue(bindingAddress, tfjsonpath.New("database_name"), knownvalue.StringExact("shop")),
				}},
				Check: func(*terraform.State) error {
					if a := lookAtShop(t, c); a.PostgresInstanceName != "restored" || a.Version != first {
						return fmt.Errorf("after the move: %+v", a)
					}
					return expectCalls(c, map[string]int{"POST applications/*/changedbinstance": 1})(nil)
				},
			},
			{
				ResourceName: bindingAddress, ImportState: true, ImportStateId: "shop", ImportStateVerify: true,
			},
			{
				// New code, then the first version again by the binding alone.
				PreConfig: func() { appFile(t, dir, "main.js", "two") },
				Config:    deployed + bindingConfig("restored", after),
				Check: func(*terraform.State) error {
					if lookAtShop(t, c).Version == first {
						return errors.New("the new code was not deployed")
					}
					return nil
				},
			},
			{
				Config: deployed + "data \"dbos_application_versions\" \"test\" {\n  application_name = \"shop\"\n}\n" +
					bindingConfig("restored", after+"  previous_version = data.dbos_application_versions.test.versions[1].version\n"),
				Check: func(*terraform.State) error {
					if a := lookAtShop(t, c); a.Version != first {
						return fmt.Errorf("version %s runs, want the first, %s", a.Version, first)
					}
					return expectCalls(c, map[string]int{"POST applications/*/changedbinstance": 1, "POST applications/shop": 3})(nil)
				},
			},
			{
				// Taken out it changes nothing; moved by hand it is moved back.
				PreConfig: func() {
					redeployByHand(t, c, "/changedbinstance", map[string]string{"previous_version": first, "target_database_name": "orders"})
				},
				Config: deployed + bindingConfig("restored", after),
				Check:  expectCalls(c, map[string]int{"POST applications/*/changedbinstance": 3, "POST applications/shop": 3}),
			},
		},
	})
}

func TestAccApplicationDeployment_failedMigration(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "shop", "orders")
	dir := appDir(t)
	appFile(t, dir, "dbos-config.yaml", "name: shop\nlanguage: node\ndatabase:\n  migrate: ['false']\n")
	config := deploymentConfig(`"shop"`, dir, "")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: config, ExpectError: says(`Cannot deploy application "shop"`, "migration failed", "simulated: false", "apply again to deploy it")},
			{
				PreConfig: func() { appFile(t, dir, "dbos-config.yaml", "name: shop\nlanguage: node\n") },
				Config:    config,
				Check:     expectCalls(c, map[string]int{"POST applications/shop": 2}),
			},
			{
				PreConfig:          func() { appFile(t, dir, "main.js", "new") },
				Config:             config,
				PlanOnly:           true,
				ExpectNonEmptyPlan: true,
			},
		},
	})
}

func TestAccApplicationSecret_life(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "shop", "orders")
	config := func(name, value string) string {
		return fmt.Sprintf("resource \"dbos_application_secret\" \"test\" {\n  application_name = \"shop\"\n  name = %q\n  value = %q\n}\n", name, value)
	}
	if status := c.Call(t, http.MethodPost, "applications/secrets", map[string]string{"ApplicationName": "shop", "SecretName": "TAKEN", "ClearSecretValue": "theirs"}, nil); status != http.StatusOK {
		t.Fatalf("set a secret by hand: %d", status)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		CheckDestroy: func(*terraform.State) error {
			var names []string
			c.Call(t, http.MethodGet, "applications/shop/secrets", nil, &names)
			if len(names) != 1 {
				return fmt.Errorf("the secrets left are %v", names)
			}
			return nil
		},
		Steps: []resource.TestStep{
			{Config: config("TAKEN", "mine"), ExpectError: says("it exists already", "to = dbos_application_secret.NAME", `id = "shop/TAKEN"`)},
			{
				Config:            config("KEY", "hush"),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectSensitiveValue(secretAddress, tfjsonpath.New("value"))},
			},
			{ResourceName: secretAddress, ImportState: true, ImportStateId: "shop/KEY", ImportStateVerify: true, ImportStateVerifyIgnore: []string{"value"}},
			{
				PreConfig: func() {
					if status := c.Call(t, http.MethodDelete, "applications/shop/secrets/KEY", nil, nil); status != http.StatusNoContent {
						t.Fatalf("deleting by hand: %d", status)
					}
				},
				Config:           config("KEY", "hush"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(secretAddress, plancheck.ResourceActionCreate)}},
				Check:            expectCalls(c, map[string]int{"POST applications/secrets": 3}),
			},
		},
	})
}

// Migrations that really run, by psql on the application's own database: what one of them says when it fails is shown,
// and none of it stays.
func TestAccApplicationDeployment_realMigration(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.Postgres)
	c.Provision(t, "orders", "app", firstPassword)
	c.Register(t, "shop", "orders")
	dir := appDir(t)
	migrating := func(sql string) func() {
		return func() {
			appFile(t, dir, "migrate.sql", sql)
			appFile(t, dir, "dbos-config.yaml", "name: shop\nlanguage: node\ndatabase:\n  app_db_name: carts\n  migrate:\n    - psql \"$DBOS_DATABASE_URL\" -v ON_ERROR_STOP=1 -f migrate.sql\n")
		}
	}
	config := deploymentConfig(`"shop"`, dir, "")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{
				PreConfig:   migrating("ALTER TABLE items ADD price int;"),
				Config:      config,
				ExpectError: says("migration failed", `relation "items" does not exist`, "apply again to deploy it"),
			},
			{PreConfig: migrating("CREATE TABLE items (id int);"), Config: config},
			{
				// The table is where the next migration looks for it, and nowhere else.
				PreConfig: migrating("ALTER TABLE items ADD price int; SELECT 1 / (current_database() = 'carts')::int;"),
				Config:    config,
				Check: func(*terraform.State) error {
					if lookAtShop(t, c).Status != "AVAILABLE" {
						return errors.New("the application is not available")
					}
					return nil
				},
			},
			{
				PreConfig: func() {
					appFile(t, dir, "dbos-config.yaml", "name: shop\nlanguage: node\ndatabase:\n  app_db_name: other\n")
				},
				Config:      config,
				PlanOnly:    true,
				ExpectError: says(`The database of application "shop" cannot be changed`, `"carts"`, `"other"`),
			},
		},
	})
}
