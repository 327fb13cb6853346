// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// elements are the items of a list attribute.
func elements(t *testing.T, value tftypes.Value, name string) []tftypes.Value {
	t.Helper()
	var values map[string]tftypes.Value
	if err := value.As(&values); err != nil {
		t.Fatal(err)
	}
	var items []tftypes.Value
	if err := values[name].As(&items); err != nil {
		t.Fatal(err)
	}
	return items
}

func TestApplicationDataSources(t *testing.T) {
	t.Parallel()
	a := &api{}
	a.say("GET applications/shop", application("shop", "orders", "v7", "AVAILABLE", 512))
	a.say("GET applications/blog", application("blog", "texts", "", "", 0))
	r := newRPC(t, a)

	r.check(r.data("dbos_application", attributes{"name": "shop"}, ""), attributes{
		"application_id": "id-shop", "database_instance_name": "orders", "database_name": "shop", "status": "AVAILABLE", "available": true,
		"version": "v7", "url": "https://acme-shop.cloud.example/", "executors_memory_mib": 512,
	})
	r.check(r.data("dbos_application", attributes{"name": "blog"}, ""), attributes{
		"status": nil, "available": false, "version": nil, "url": nil, "executors_memory_mib": nil,
	})
	r.data("dbos_application", attributes{"name": "gone"}, `Application "gone" does not exist|name`)

	all := elements(t, r.data("dbos_applications", attributes{}, ""), "applications")
	if len(all) != 2 {
		t.Fatalf("%d applications", len(all))
	}
	r.check(all[0], attributes{"name": "blog"})
	r.check(all[1], attributes{"name": "shop", "version": "v7"})
	some := elements(t, r.data("dbos_applications", attributes{"database_instance_name": "orders"}, ""), "applications")
	if len(some) != 1 {
		t.Fatalf("%d applications on orders", len(some))
	}
	r.check(some[0], attributes{"name": "shop"})
	if none := elements(t, r.data("dbos_applications", attributes{"database_instance_name": "empty"}, ""), "applications"); len(none) != 0 {
		t.Errorf("%d applications on an instance without", len(none))
	}
}

func TestAccountDataSources(t *testing.T) {
	t.Parallel()
	a := &api{}
	a.say("GET /v1alpha1/user/profile", `{"Name":"alice","Email":"","Organization":"acme","SubscriptionPlan":"pro"}`)
	a.say("GET users", `{"OrgName":"acme","UserNames":["bob","alice"]}`)
	r := newRPC(t, a)
	r.check(r.data("dbos_account", attributes{}, ""), attributes{"name": "alice", "email": nil, "organization_admin": nil, "created_at": nil})
	a.say("GET /v1alpha1/user/profile", `{"Name":"alice","Organization":"acme","IsOrgAdmin":false,"CreatedAt":"2026-11-25T01:02:03Z"}`)
	r.check(r.data("dbos_account", attributes{}, ""), attributes{"organization_admin": false, "created_at": "2026-11-25T01:02:03Z"})
	if users := fmt.Sprint(elements(t, r.data("dbos_organization_users", attributes{}, ""), "usernames")); !strings.Contains(users, `"alice"`) || strings.Index(users, `"alice"`) > strings.Index(users, `"bob"`) {
		t.Errorf("users are %s", users)
	}
	a.fail("GET users", http.StatusForbidden, "not a member")
	r.data("dbos_organization_users", attributes{}, "Cannot list the users of the organization|not a member")
}

func TestApplicationVersionsDataSource(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		at   any
		want any
	}{
		"no time":           {nil, nil},
		"before the first":  {"2026-11-25T09:59:59.999Z", nil},
		"at the very time":  {"2026-11-25T11:01:00+01:00", "v2"},
		"just before":       {"2026-11-25T10:00:59.999999Z", "v1"},
		"after the newest":  {"2026-11-26T00:00:00Z", "v10"},
		"between two times": {"2026-11-25T10:01:30Z", "v2"},
	}
	a := &api{}
	a.say("GET applications/shop/versions", versions("v1", "v2", "v10"))
	r := newRPC(t, a)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := r.in(t)
			data := r.data("dbos_application_versions", attributes{"application_name": "shop", "running_at": tt.at}, "")
			r.check(data, attributes{"running_version": tt.want})
			list := elements(t, data, "versions")
			if len(list) != 3 {
				t.Fatalf("%d versions", len(list))
			}
			r.check(list[0], attributes{"version": "v10", "created_at": "2026-11-25T10:02:00Z"})
			r.check(list[2], attributes{"version": "v1", "created_at": "2026-11-25T10:00:00Z"})
		})
	}
	r.data("dbos_application_versions", attributes{"application_name": "gone"}, `Application "gone" does not exist|application_name`)
}

func TestApplicationSecretsDataSource(t *testing.T) {
	t.Parallel()
	a := &api{}
	a.say("GET applications/shop/secrets", `["B","A"]`)
	r := newRPC(t, a)
	names := elements(t, r.data("dbos_application_secrets", attributes{"application_name": "shop"}, ""), "names")
	if len(names) != 2 || !names[0].Equal(tftypes.NewValue(tftypes.String, "A")) {
		t.Errorf("names are %v", names)
	}
	a.say("GET applications/shop/secrets", `null`)
	if none := elements(t, r.data("dbos_application_secrets", attributes{"application_name": "shop"}, ""), "names"); none == nil || len(none) != 0 {
		t.Errorf("no secrets are %v", none)
	}
	a.fail("GET applications/shop/secrets", http.StatusForbidden, "no")
	r.data("dbos_application_secrets", attributes{"application_name": "shop"}, `Cannot list the secrets of application "shop"`)
	r.data("dbos_application_secrets", attributes{"application_name": "gone"}, `Application "gone" does not exist`)
}
