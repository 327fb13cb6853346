// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

func TestInstanceIsRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want Instance
	}{
		"provisioned": {
			`{"PostgresInstanceName":"pg_main","Status":"available","HostName":"db.example.com","Port":5432,"DatabaseUsername":"alice","DBOSAdminName":"dbosadmin","IsLinked":false,"SupabaseReference":null}`,
			Instance{Name: "pg_main", Status: "available", Hostname: "db.example.com", Port: 5432, Username: "alice", AdminUsername: "dbosadmin", Provisioned: true},
		},
		"linked": {
			`{"PostgresInstanceName":"pg_main","Status":"available","HostName":"db.example.com","Port":6543,"DatabaseUsername":"postgres","DBOSAdminName":"dbosadmin","IsLinked":true,"SupabaseReference":"abcdef"}`,
			Instance{Name: "pg_main", Status: "available", Hostname: "db.example.com", Port: 6543, Username: "postgres", AdminUsername: "dbosadmin", Linked: true, SupabaseReference: "abcdef"},
		},
		"older server": {
			`{"PostgresInstanceName":"pg_main","Status":"available","HostName":"db.example.com","Port":5432,"AdminUsername":"alice"}`,
			Instance{Name: "pg_main", Status: "available", Hostname: "db.example.com", Port: 5432, Username: "alice"},
		},
		"being made": {
			`{"PostgresInstanceName":"pg_main","Status":"creating","HostName":null,"Port":null,"DatabaseUsername":"alice","NewField":{"a":[1]}}`,
			Instance{Name: "pg_main", Status: "creating", Username: "alice"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := wired(t, wiretest.OK(test.body))
			got, err := c.FreshInstance(t.Context(), "pg_main")
			if err != nil {
				t.Fatal(err)
			}
			if *got != test.want {
				t.Errorf("instance is %+v, want %+v", *got, test.want)
			}
			w.Expect(t, "GET /acme/databases/userdb/info/pg_main")
		})
	}
}

func TestAvailable(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bool{"available": true, "backing-up": true, "Available": true, "creating": false, "": false, "unavailable": false} {
		if got := (Instance{Status: status, Hostname: "h"}).Available(); got != want {
			t.Errorf("%q with a host name: %t, want %t", status, got, want)
		}
		if (Instance{Status: status}).Available() {
			t.Errorf("%q without a host name is available", status)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want string // names, or the error
	}{
		"two, out of order": {`[{"PostgresInstanceName":"zeta"},{"PostgresInstanceName":"alpha","IsLinked":true}]`, "alpha zeta"},
		"empty":             {`[]`, ""},
		"null":              {`null`, ""},
		"null items":        {`[{"PostgresInstanceName":"alpha"},null]`, "error: item 1: there is no PostgresInstanceName"},
		"an object":         {`{"message":"oops"}`, "error: with JSON of a wrong type"},
		"nothing":           {``, "error: with an empty body"},
		"HTML":              {`<html>`, "error: with HTML"},
		"cut off":           {`[{"PostgresInstanceName":"alpha"},`, "error: cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := wired(t, wiretest.OK(test.body))
				list, err := c.Instances(t.Context())
				if message, ok := strings.CutPrefix(test.want, "error: "); ok {
					wiretest.ExpectError(t, err, message, "GET /v1alpha1/acme/databases")
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, i := range list {
					names = append(names, i.Name)
				}
				if got := strings.Join(names, " "); got != test.want {
					t.Errorf("list is %q, want %q", got, test.want)
				}
			})
		})
	}
}

func TestAnswerAboutAnotherObject(t *testing.T) {
	t.Parallel()
	c, _ := wired(t, wiretest.OK(`{"PostgresInstanceName":"pg_other"}`))
	_, err := c.FreshInstance(t.Context(), "pg_main")
	wiretest.ExpectError(t, err, `"pg_main" and answered with another, "pg_other"`)
}
