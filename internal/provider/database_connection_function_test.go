// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

// functionCase is a call of a function in a configuration, and either its result or, if that is "", a part of its
// error.
type functionCase struct{ expression, want, wantError string }

// functionTest makes each call that fails a step, and those that succeed the outputs of one more.
func functionTest(t *testing.T, function string, cases map[string]functionCase) {
	t.Helper()
	var steps []resource.TestStep
	var good resource.TestStep
	for name, c := range cases {
		output := strings.ReplaceAll(name, " ", "_")
		config := fmt.Sprintf("output %q {\n  value = provider::dbos::%s(%s)\n}\n", output, function, c.expression)
		if c.want == "" {
			steps = append(steps, resource.TestStep{Config: config, ExpectError: says(c.wantError)})
			continue
		}
		good.Config += config
		good.ConfigStateChecks = append(good.ConfigStateChecks, statecheck.ExpectKnownOutputValue(output, knownvalue.StringExact(c.want)))
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Providers(nil), Steps: append(steps, good)})
}

func TestConnectionURLFunction(t *testing.T) {
	t.Parallel()
	functionTest(t, "connection_url", map[string]functionCase{
		"plain": {
			`{ hostname = "db.example.com", port = 5432, username = "app", password = "secret123" }`,
			"postgresql://app:secret123@db.example.com:5432/postgres", "",
		},
		"every part is encoded": {
			`{ hostname = "::1", port = "5433", username = "a-b", password = "p%s#?:[]&", database = "my db", sslmode = "require", further = [1] }`,
			"postgresql://a-b:p%25s%23%3F%3A%5B%5D%26@[::1]:5433/my%20db?sslmode=require", "",
		},
		"null counts as absent": {
			`{ hostname = "db", port = 5432, username = "app", password = "secret123", database = null, sslmode = null }`,
			"postgresql://app:secret123@db:5432/postgres", "",
		},
		"port of a mocked provider": {
			`{ hostname = "db", port = 0, username = "app", password = "secret123" }`,
			"postgresql://app:secret123@db/postgres", "",
		},
		"no password":   {`{ hostname = "db", port = 5432, username = "app" }`, "", "has no password"},
		"no host":       {`{ port = 5432, username = "app", password = "secret123" }`, "", "hostname must be a string"},
		"port too high": {`{ hostname = "db", port = 65536, username = "app", password = "secret123" }`, "", "whole number from 1 to 65535."},
		"no object":     {`"db:5432"`, "", "must be an object"},
		"nothing":       {`null`, "", "argument must not be null"},
	})
}

func TestDatabaseConfigFunction(t *testing.T) {
	t.Parallel()
	const connection = `{ hostname = "db.example.com", port = 5432, username = "app" }`
	functionTest(t, "database_config", map[string]functionCase{
		"an empty file without a secret": {
			`"", ` + connection,
			"database:\n  hostname: db.example.com\n  port: 5432\n  username: app\n  password: ${PGPASSWORD}\n", "",
		},
		"comments and order and the rest stay": {
			`"name: shop # ours\ndatabase:\n  app_db_name: shop\n  hostname: localhost\nlanguage: node\n", ` + connection,
			"name: shop # ours\ndatabase:\n  app_db_name: shop\n  hostname: db.example.com\n  port: 5432\n  username: app\n  password: ${PGPASSWORD}\nlanguage: node\n", "",
		},
		"no mapping":   {`"- a list", ` + connection, "", `Invalid value for "yaml" parameter: line 1`},
		"no host name": {`"", { hostname = "a/b", port = 5432, username = "app" }`, "", `Invalid value for "connection" parameter: hostname "a/b" is neither`},
	})
}

func TestParseConnectionURLFunction(t *testing.T) {
	t.Parallel()
	const password = "Pa55-word"
	functionTest(t, "connection_url", map[string]functionCase{
		"there and back": {`provider::dbos::parse_connection_url("postgres://a%3Ab:p%40ss@[::1]:5433/my%20db?sslmode=require")`, "postgresql://a%3Ab:p%40ss@[::1]:5433/my%20db?sslmode=require", ""},
		"defaults":       {`merge(provider::dbos::parse_connection_url("postgresql://app@db"), { password = "secret123" })`, "postgresql://app:secret123@db:5432/postgres", ""},
		"no URL":         {`provider::dbos::parse_connection_url("mysql://u:` + password + `@db")`, "", "must begin with postgresql://"},
	})
}

func TestDotenvFunction(t *testing.T) {
	t.Parallel()
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Providers(nil), Steps: []resource.TestStep{
		{
			Config:      `output "all" { value = provider::dbos::dotenv("A=\\$A\nC=x$A") }`,
			ExpectError: says("the references of C never end."),
		},
		{
			Config: `output "all" { value = provider::dbos::dotenv("# ours\nexport A=1\nB='$${A}2' # c\n") }`,
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("all", knownvalue.MapExact(map[string]knownvalue.Check{
				"A": knownvalue.StringExact("1"), "B": knownvalue.StringExact("12"),
			}))},
		},
	}})
}
