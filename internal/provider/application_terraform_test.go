// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// TestTerraformInterruptedDeploy interrupts the wait for a version. The next apply waits for that one and deploys
// nothing again.
func TestTerraformInterruptedDeploy(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "shop", "orders")
	// The deploy takes a moment, so that the test sees it before it has an answer.
	c.Inject(localcloud.Fault{Method: "POST", Path: "applications/shop", Latency: 500 * time.Millisecond})
	tf := inWorkspace(t, c, deploymentConfig(`"shop"`, appDir(t), ""))

	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := tf.Run(ctx, apply...)
		ended <- err
	}()
	// The deploy begins after the last look at the application as it was before.
	acctest.Await(t, "the deploy is sent", func() bool { return c.Count("POST", "applications/shop") == 1 })
	deploying := `{"Name":"shop","ID":"1","PostgresInstanceName":"orders","ApplicationDatabaseName":"","Status":"DEPLOYING","Version":"","AppURL":"","ExecutorsMemoryMib":512}`
	release := c.Inject(localcloud.Fault{Method: "GET", Path: "applications/shop", Status: http.StatusOK, Body: deploying})
	looks := c.Count("GET", "applications/shop")
	acctest.Await(t, "the application is polled", func() bool { return c.Count("GET", "applications/shop") > looks+1 })
	interrupt()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("the apply ended with %v", err)
	}
	tf.ok("untaint", deploymentAddress)
	tf.fails([]string{"plan", "-detailed-exitcode"}, "will be updated in-place", "url", "(known after apply)", "1 to change")
	release()

	tf.ok(apply...)
	tf.unchanged()
	if n := c.Count("POST", "applications/shop"); n != 1 {
		t.Errorf("%d deploys, want one", n)
	}
}

// TestTerraformGeneratedConfig imports what was made by hand by import blocks alone: the configuration that Terraform
// writes for them plans, and applying it calls nothing that changes anything.
func TestTerraformGeneratedConfig(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "shop", "orders")
	secret := map[string]string{"ApplicationName": "shop", "SecretName": "KEY", "ClearSecretValue": "theirs"}
	if status := c.Call(t, http.MethodPost, "applications/secrets", secret, nil); status != http.StatusOK {
		t.Fatalf("set a secret by hand: %d", status)
	}
	tf := inWorkspace(t, c, `
import {
  to = dbos_application.test
  id = "shop"
}
import {
  to = dbos_application_database_binding.test
  id = "shop"
}
import {
  to = dbos_application_deployment.test
  id = "shop"
}
import {
  to = dbos_application_secret.test
  id = "shop/KEY"
}
`)
	tf.ok("plan", "-generate-config-out=generated.tf", "-out=tfplan")
	writes := len(c.Requests()) - reads(c)
	tf.ok("apply", "tfplan")
	tf.unchanged()
	if after := len(c.Requests()) - reads(c); after != writes {
		t.Errorf("%d writes to import what exists", after-writes)
	}
	generated, err := os.ReadFile(filepath.Join(tf.Dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(generated), "theirs") {
		t.Error("the value of a secret is in the generated configuration")
	}
}

func reads(c *acctest.Cloud) (n int) {
	for _, request := range c.Requests() {
		if request.Method == http.MethodGet {
			n++
		}
	}
	return n
}

// TestTerraformDestroyWithoutSource destroys what was deployed from files that are gone.
func TestTerraformDestroyWithoutSource(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	c.Register(t, "shop", "orders")
	dir := appDir(t)
	tf := inWorkspace(t, c, deploymentConfig(`"shop"`, dir, ""))
	tf.ok(apply...)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	tf.fails([]string{"destroy", "-auto-approve"}, "cannot be deployed from", "-refresh=false")
	tf.ok("destroy", "-auto-approve", "-refresh=false")
	if lookAtShop(t, c).Version == "" {
		t.Error("the application is no longer deployed")
	}
}

// TestTerraformUnknownInstance plans an application whose instance is not known yet: it is updated in place, and where
// the name comes out the same nothing is called.
func TestTerraformUnknownInstance(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders")
	config := func(step string) string {
		return "resource \"terraform_data\" \"step\" {\n  input = \"" + step + "\"\n}\n" +
			strings.Replace(applicationConfig("orders", ""), `"orders"`, `replace(terraform_data.step.output, "/.*/", "orders")`, 1)
	}
	tf := inWorkspace(t, c, config("1"))
	tf.ok(apply...)
	tf.write("main.tf", config("2"))
	tf.ok(apply...)
	tf.unchanged()
	if puts, moves := c.Count("PUT", "applications"), c.Count("POST", "applications/*/changedbinstance"); puts != 1 || moves != 0 {
		t.Errorf("%d registrations and %d moves, want one and none", puts, moves)
	}
}
