// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]connection.Connection{
		"postgresql://alice:s3cret@db.example.com:5433/orders?sslmode=require": {Hostname: "db.example.com", Port: 5433, Username: "alice", Password: "s3cret", Database: "orders", SSLMode: "require"},
		"postgres://a%3Ab:p%2F%23%40@[2001:db8::1]/my%20db":                    {Hostname: "2001:db8::1", Port: 5432, Username: "a:b", Password: "p/#@", Database: "my db"},
		"postgresql://[fe80::1%25eth0]:1":                                      {Hostname: "fe80::1%eth0", Port: 1},
		" postgres://db\n":                                                     {Hostname: "db", Port: 5432},
		"postgres://u@db/x?application_name=me&connect_timeout=10":             {Hostname: "db", Port: 5432, Username: "u", Database: "x"},
	} {
		if got, err := connection.ParseURL(text); err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	t.Parallel()
	const password = "Pa55-word"
	for text, want := range map[string]string{
		"PostgreSQL://u:" + password + "@db":                     "must begin with postgresql://",
		"postgresql://u:" + password + "@db/a b":                 "percent-encode",
		"postgresql://u:" + password + "%ff@db":                  "not text in UTF-8",
		"postgresql://u:" + password + "@db/%00":                 "not text in UTF-8",
		"mysql://u:" + password + "@db":                          "must begin with postgresql://",
		"postgresql://u:" + password + "#x@db":                   "percent-encode",
		"postgresql://u:" + password + "%zz@db":                  "percent-encode",
		"postgresql://u@x:" + password + "@db":                   "percent-encode",
		"postgresql:u:" + password + "@db":                       "not a URL of the form",
		password:                                                 "must begin with postgresql://",
		"":                                                       "must begin with postgresql://",
		"postgresql://u:" + password + "@/x":                     "no host name",
		"postgresql://u:" + password + "@a,b/x":                  "several hosts",
		"postgresql://u:" + password + "@" + password + "!/x":    "neither a host name nor an IP address",
		"postgresql://u:" + password + "@db:0/x":                 "from 1 to 65535",
		"postgresql://u:" + password + "@db:65536/x":             "from 1 to 65535",
		"postgresql://u@db?password=" + password:                 "parameter password",
		"postgresql://u:" + password + "@db?host=other":          "parameter host",
		"postgresql://u:" + password + "@db?sslmode=" + password: "sslmode is not one of",
		"postgresql://u:" + password + "@db?a=%zz":               "parameters cannot be read",
	} {
		got, err := connection.ParseURL(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %+v, %v; want an error with %q", text, got, err, want)
		} else if strings.Contains(err.Error(), password) {
			t.Errorf("the error of %q holds the password: %v", text, err)
		}
	}
}

// What URL writes, ParseURL reads back.
func TestParseURLReadsURL(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := connection.Connection{
			Hostname: rapid.SampledFrom([]string{"db.example.com", "10.0.0.1", "2001:db8::1", "fe80::1%eth0"}).Draw(t, "hostname"),
			Port:     rapid.Int64Range(1, 65535).Draw(t, "port"),
			Username: rapid.StringMatching(`.+`).Draw(t, "username"),
			Password: rapid.StringMatching(`.+`).Draw(t, "password"),
			Database: rapid.StringMatching(`[^/].*`).Draw(t, "database"),
			SSLMode:  rapid.SampledFrom([]string{"", "disable", "verify-full"}).Draw(t, "sslmode"),
		}
		text, err := connection.URL(want)
		if err != nil {
			t.Skip(err)
		}
		if got, err := connection.ParseURL(text); err != nil || got != want {
			t.Fatalf("%q is %+v, %v; want %+v", text, got, err, want)
		}
	})
}
