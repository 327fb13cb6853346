// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTerraformQuery imports what was made by hand: the configuration that a query generates imports everything, and
// changes nothing.
func TestTerraformQuery(t *testing.T) {
	t.Parallel()
	c := cloudWithInstances(t, "orders", "billing")
	for _, body := range []map[string]any{
		{"Name": "warehouse", "HostName": "warehouse.example.com", "Port": 6543, "Password": firstPassword, "captureProvenance": false, "dbosAdminName": "boss"},
		{"Name": "supabase_db", "HostName": "supabase.example.com", "Port": 5432, "Password": firstPassword, "captureProvenance": false, "supabaseReference": "abcdefghijklmnopqrst"},
	} {
		if status := c.Call(t, http.MethodPost, "databases/byod", body, nil); status != http.StatusOK {
			t.Fatalf("link by hand: %d", status)
		}
	}
	c.Register(t, "shop", "orders")
	c.Register(t, "invoices", "billing")
	for _, application := range []string{"shop", "invoices"} {
		secret := map[string]string{"ApplicationName": application, "SecretName": "KEY", "ClearSecretValue": "theirs"}
		if status := c.Call(t, http.MethodPost, "applications/secrets", secret, nil); status != http.StatusOK {
			t.Fatalf("set a secret by hand: %d", status)
		}
	}
	tf := inWorkspace(t, c, "")
	if !tf.Engine.HasQueries() {
		t.Skip("needs Terraform 1.14 or newer")
	}
	var blocks strings.Builder
	for _, kind := range []string{"dbos_database_instance", "dbos_linked_database", "dbos_application", "dbos_application_secret"} {
		blocks.WriteString("list \"" + kind + "\" \"all\" {\n  provider         = dbos\n  include_resource = true\n}\n\n")
	}
	tf.write("all.tfquery.hcl", blocks.String())
	before := c.Count(http.MethodGet, "")
	found := tf.ok("query", "-generate-config-out=generated.tf")
	for _, name := range []string{"orders", "billing", "warehouse", "supabase_db", "shop", "invoices", "shop/KEY", "invoices/KEY"} {
		if !strings.Contains(found, name) {
			t.Errorf("the query does not find %s:\n%s", name, found)
		}
	}
	if calls := c.Count(http.MethodGet, "") - before; calls > 5 {
		t.Errorf("the query made %d calls, 5 are enough: the profile, both lists and the secrets of two applications", calls)
	}
	generated, err := os.ReadFile(filepath.Join(tf.Dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if plan := tf.ok("plan"); !strings.Contains(plan, "Plan: 8 to import, 0 to add, 0 to change, 0 to destroy.") {
		t.Errorf("the generated configuration changes something:\n%s\n%s", generated, plan)
	}
	tf.ok(apply...)
	tf.unchanged()
}
