// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// TestTerraformLinkOfARealServer links a server that the local cloud has not made, which refuses what a server refuses.
// Destroying the link leaves the server as it is.
func TestTerraformLinkOfARealServer(t *testing.T) {
	t.Parallel()
	owner := postgres.Role{Name: "owner", Password: firstPassword}
	own := acctest.OwnPostgres(t, owner)
	at := database{hostname: own.Host(), port: strconv.Itoa(own.Port()), username: owner.Name, name: "postgres"}
	if _, err := at.query(t, owner.Password, "CREATE ROLE reader LOGIN PASSWORD '"+secondPassword+"'", "CREATE TABLE kept AS SELECT 'kept' AS word"); err != nil {
		t.Fatal(err)
	}
	link := func(name, port, role, password string) string {
		return fmt.Sprintf("resource \"dbos_linked_database\" %q {\n  name = %[1]q\n  hostname = %q\n  port = %s\n  admin_username = %q\n  password_wo = %q\n  password_wo_version = 1\n}\n",
			name, at.hostname, port, role, password)
	}
	const mistyped, unheard = "mistyped-Passw0rd", "unheard-Passw0rd"
	good := link("own", at.port, "dbosadmin", own.Application().Password)

	c := acctest.Start(t, acctest.Postgres)
	tf := inWorkspace(t, c, good+link("mistyped", at.port, "dbosadmin", mistyped)+link("reader", at.port, "reader", secondPassword)+link("closed", "1", "dbosadmin", unheard))
	trace := filepath.Join(t.TempDir(), "trace.log")
	env := tf.Env
	tf.Env = append(slices.Clone(env), "TF_LOG=TRACE", "TF_LOG_PATH="+trace)
	out, applied := tf.Run(t.Context(), apply...)
	tf.Env = env
	log, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{
		{`Cannot create linked database "mistyped"`, "password authentication failed for user", "Nothing was added to the state"},
		{`Cannot create linked database "reader"`, "may not create databases", "CREATEDB", "Nothing was added to the state"},
		{`Cannot create linked database "closed"`, "connection refused", "Nothing was added to the state"},
	} {
		// Terraform draws a bar down the side of each diagnostic.
		if applied == nil || !says(want...).MatchString(strings.ReplaceAll(out, "│ ", "")) {
			t.Errorf("the output does not say %q:\n%s", want, out)
		}
	}
	for _, secret := range []string{mistyped, unheard, secondPassword, own.Application().Password} {
		if strings.Contains(out+string(log), secret) {
			t.Errorf("the output or the trace holds the password %s", secret)
		}
	}

	tf.write("main.tf", good)
	tf.unchanged()
	tf.write("main.tf", link("own", at.port, owner.Name, owner.Password))
	if out := tf.ok(apply...); !strings.Contains(out, "0 added, 1 changed, 0 destroyed") {
		t.Errorf("the change of the role is none in place:\n%s", out)
	}
	tf.ok("destroy", "-auto-approve")
	if status := c.Call(t, http.MethodGet, "databases/userdb/info/own", nil, nil); status != http.StatusNotFound {
		t.Errorf("after the destroy the link answers %d", status)
	}
	if word, err := at.query(t, owner.Password, "SELECT word FROM kept"); word != "kept" {
		t.Errorf("the server's table holds %q, %v", word, err)
	}
	if n := c.Count("DELETE", "databases/userdb/*"); n != 0 {
		t.Errorf("%d instances were deleted", n)
	}
}
