// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// The tests of this file are of the hour when many applications move at once, and things are done in the wrong order.

// refusals are the calls below applications that the server did not carry out.
func refusals(c *acctest.Cloud) (lines []string) {
	for _, request := range c.Requests() {
		if strings.Contains(request.Path, "/applications") && request.Status >= http.StatusBadRequest {
			lines = append(lines, fmt.Sprintf("%s %s: %d", request.Method, request.Path, request.Status))
		}
	}
	return lines
}

// TestAccRecovery_originalTakenOutTooEarly does in one apply what takes two. Terraform deletes the original before it
// moves what was on it, which the look for applications refuses; its message leads out.
func TestAccRecovery_originalTakenOutTooEarly(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "shop", "orders")
	dir, moment := appDir(t), time.Now().UTC()
	original := instanceConfig{Protection: "false"}.String()
	imported := "import {\n  to = dbos_database_instance.test\n  id = \"orders\"\n}\n" + original
	deployed := deploymentConfig(`"shop"`, dir, "")
	boundTo := func(address string) string {
		binding := bindingConfig("INSTANCE", "  depends_on = [dbos_application_deployment.test]\n")
		return deployed + strings.Replace(binding, `"INSTANCE"`, address+".id", 1)
	}
	restored := restoreConfig{Source: `"orders"`, Time: at(moment, time.RFC3339Nano)}.String() + boundTo(restoreAddress)
	isOn := func(instance string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			if now := lookAtShop(t, c); now.PostgresInstanceName != instance || now.Status != "AVAILABLE" {
				return fmt.Errorf("shop is %+v, want it on %s", now, instance)
			}
			return nil
		}
	}
	refused := says(`Database instance "orders" is in use`, "still on it: shop", "Nothing was changed", "put it back and apply", "-target", "then remove it")

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: imported + boundTo(instanceAddress), Check: isOn("orders")},
			{Config: restored, ExpectError: refused},
			{Config: restored, ExpectError: refused},
			{
				Config: original + restored,
				Check: resource.ComposeTestCheckFunc(isOn("rescued"), expectCalls(c, map[string]int{
					"POST databases/userdb/*/restore": 1, "POST applications/*/changedbinstance": 1, "DELETE databases/userdb/*": 0,
				})),
			},
			{
				Config: restored,
				Check:  resource.ComposeTestCheckFunc(isOn("rescued"), gone(t, c, "databases/userdb/info/orders")),
			},
			{
				PreConfig: func() { deleteShop(t, c) },
				Config:    restoreConfig{}.String(),
			},
		},
	})
}

// TestAccApplicationDatabaseBinding_fifty moves fifty applications in one apply.
func TestAccApplicationDatabaseBinding_fifty(t *testing.T) {
	t.Parallel()
	const fifty = 50
	c := cloudWithInstances(t, "orders", "restored")
	for i := range fifty {
		c.Register(t, fmt.Sprintf("app-%d", i), "orders")
	}
	config := fmt.Sprintf(`
resource "dbos_application_deployment" "test" {
  count            = %[1]d
  application_name = "app-${count.index}"
  source_dir       = %[2]q
}

resource "dbos_application_database_binding" "test" {
  count                  = %[1]d
  application_name       = dbos_application_deployment.test[count.index].id
  database_instance_name = "restored"
}
`, fifty, appDir(t))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{{
			Config: config,
			Check: func(*terraform.State) error {
				for i := range fifty {
					var a appOnServer
					name := fmt.Sprintf("app-%d", i)
					if c.Call(t, http.MethodGet, "applications/"+name, nil, &a); a.PostgresInstanceName != "restored" {
						return fmt.Errorf("%s is on %s", name, a.PostgresInstanceName)
					}
				}
				if lines := refusals(c); lines != nil {
					return fmt.Errorf("some calls were refused: %s", strings.Join(lines, ", "))
				}
				return expectCalls(c, map[string]int{"POST applications/*/changedbinstance": fifty, "POST applications/*": fifty})(nil)
			},
		}},
	})
}

// TestAccApplicationSecret_fifty sets five secrets of each of fifty applications in one apply.
func TestAccApplicationSecret_fifty(t *testing.T) {
	t.Parallel()
	const fifty, five = 50, 5
	c := cloudWithInstances(t, "orders")
	config := fmt.Sprintf(`
resource "dbos_application" "test" {
  count                  = %[1]d
  name                   = "app-${count.index}"
  database_instance_name = "orders"
  language               = "node"
}

resource "dbos_application_secret" "test" {
  count            = %[1]d * %[2]d
  application_name = dbos_application.test[floor(count.index / %[2]d)].id
  name             = "KEY_${count.index %% %[2]d}"
  value            = "value ${count.index}"
}
`, fifty, five)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{{
			Config: config,
			Check: func(*terraform.State) error {
				for i := range fifty {
					var names []string
					if c.Call(t, http.MethodGet, fmt.Sprintf("applications/app-%d/secrets", i), nil, &names); len(names) != five {
						return fmt.Errorf("app-%d has the secrets %v", i, names)
					}
				}
				for _, line := range refusals(c) {
					// The looks whether the names are free, before they are registered.
					if !strings.HasPrefix(line, "GET /v1alpha1/local/applications/app-") || !strings.HasSuffix(line, ": 404") {
						return errors.New("refused: " + line)
					}
				}
				return expectCalls(c, map[string]int{"PUT applications": fifty, "POST applications/secrets": fifty * five, "PATCH applications/*": 0})(nil)
			},
		}},
	})
}

// Writes of one apply to one application wait for one another: the next is not sent while one is on its way.
func TestAccApplication_writesQueue(t *testing.T) {
	t.Parallel()
	const many = 12
	const onItsWay = 20 * time.Millisecond
	c := cloudWithInstances(t, "orders")
	c.Inject(localcloud.Fault{Method: http.MethodPost, Path: "applications/secrets", Latency: onItsWay})
	config := applicationConfig("orders", "") + fmt.Sprintf(`
resource "dbos_application_secret" "test" {
  count            = %d
  application_name = dbos_application.test.id
  name             = "KEY_${count.index}"
  value            = "hush"
}
`, many) + deploymentConfig("dbos_application.test.id", appDir(t), "  triggers = { secrets = join(\" \", dbos_application_secret.test[*].id) }\n")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		CheckDestroy:             gone(t, c, "applications/shop"),
		Steps: []resource.TestStep{{
			Config: config,
			Check: func(*terraform.State) error {
				var names []string
				if c.Call(t, http.MethodGet, "applications/shop/secrets", nil, &names); len(names) != many {
					return fmt.Errorf("%d secrets are set, want %d: %v", len(names), many, names)
				}
				var last time.Time
				for _, request := range c.Requests() {
					if request.Method != http.MethodPost || !strings.HasSuffix(request.Path, "/applications/secrets") {
						continue
					}
					if after := request.Time.Sub(last); after < onItsWay {
						return fmt.Errorf("a secret was sent %v after another", after)
					}
					last = request.Time
				}
				for _, line := range refusals(c) {
					// The look whether the name is free, before it is registered.
					if line != "GET /v1alpha1/local/applications/shop: 404" {
						return errors.New("refused: " + line)
					}
				}
				return expectCalls(c, map[string]int{"POST applications/secrets": many, "POST applications/shop": 1})(nil)
			},
		}},
	})
}

// What somebody else keeps busy is waited for, and changed once.
func TestAccApplication_busy(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders", "restored")
	const body = `{"message":"application is busy","statusCode":409,"requestID":"r-1"}`
	for _, call := range []string{"PATCH applications/*", "POST applications/secrets", "POST applications/shop", "POST applications/*/changedbinstance", "DELETE applications/*"} {
		method, path, _ := strings.Cut(call, " ")
		c.Inject(localcloud.Fault{Method: method, Path: path, Times: 2, Status: http.StatusConflict, Body: body})
	}
	dir := appDir(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		CheckDestroy:             gone(t, c, "applications/shop"),
		Steps: []resource.TestStep{
			{
				Config: wholeConfig(dir, "orders"),
				Check:  expectCalls(c, map[string]int{"PUT applications": 1, "PATCH applications/*": 3, "POST applications/secrets": 3, "POST applications/shop": 3}),
			},
			{
				Config: wholeConfig(dir, "restored"),
				Check:  expectCalls(c, map[string]int{"POST applications/*/changedbinstance": 3, "POST applications/shop": 3}),
			},
		},
	})
}

// An application that was deleted by hand is made anew with all that was in it, and deployed once.
func TestAccApplication_vanishedWithAllInIt(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	config := applicationConfig("orders", "") + secretConfig +
		deploymentConfig("dbos_application.test.id", appDir(t), "  triggers = { secret = dbos_application_secret.test.id }\n")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() { deleteShop(t, c) },
				Config:    config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(applicationAddress, plancheck.ResourceActionCreate),
					plancheck.ExpectResourceAction(secretAddress, plancheck.ResourceActionCreate),
					plancheck.ExpectResourceAction(deploymentAddress, plancheck.ResourceActionCreate),
				}},
				Check: expectCalls(c, map[string]int{"PUT applications": 2, "POST applications/secrets": 2, "POST applications/shop": 2}),
			},
		},
	})
}
