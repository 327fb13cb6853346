// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

// functionTest runs one step whose output "result" is an expression.
func functionTest(t *testing.T, expression, want, wantError string) {
	t.Helper()
	step := resource.TestStep{Config: "output \"result\" {\n  value = " + expression + "\n}\n"}
	if wantError != "" {
		step.ExpectError = regexp.MustCompile(wantError)
	} else {
		step.ConfigStateChecks = []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("result", knownvalue.StringExact(want))}
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Providers(nil), Steps: []resource.TestStep{step}})
}

func TestConnectionURLFunction(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ connection, want, wantError string }{
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
		"no password":   {`{ hostname = "db", port = 5432, username = "app" }`, "", `has\s+no\s+password`},
		"no host":       {`{ port = 5432, username = "app", password = "secret123" }`, "", `hostname\s+must\s+be\s+a\s+string`},
		"port too high": {`{ hostname = "db", port = 65536, username = "app", password = "secret123" }`, "", `whole\s+number\s+from\s+1\s+to\s+65535`},
		"no object":     {`"db:5432"`, "", `must\s+be\s+an\s+object`},
		"null":          {`null`, "", `(?s)argument\s+must\s+not\s+be\s+null`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			functionTest(t, "provider::dbos::connection_url("+tt.connection+")", tt.want, tt.wantError)
		})
	}
}

func TestDatabaseConfigFunction(t *testing.T) {
	t.Parallel()
	const connection = `{ hostname = "db.example.com", port = 5432, username = "app" }`
	tests := map[string]struct{ expression, want, wantError string }{
		"an empty file, without a secret": {
			`provider::dbos::database_config("", ` + connection + `)`,
			"database:\n  hostname: db.example.com\n  port: 5432\n  username: app\n  password: ${PGPASSWORD}\n", "",
		},
		"comments, order and the rest stay": {
			`provider::dbos::database_config("name: shop # ours\ndatabase:\n  app_db_name: shop\n  hostname: localhost\nlanguage: node\n", ` + connection + `)`,
			"name: shop # ours\ndatabase:\n  app_db_name: shop\n  hostname: db.example.com\n  port: 5432\n  username: app\n  password: ${PGPASSWORD}\nlanguage: node\n", "",
		},
		"no mapping": {`provider::dbos::database_config("- a list", ` + connection + `)`, "", `line\s+1`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			functionTest(t, tt.expression, tt.want, tt.wantError)
		})
	}
}
