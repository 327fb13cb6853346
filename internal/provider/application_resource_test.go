// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// shop is the application of these tests, on instance "orders".
var shop = attributes{"name": "shop", "database_instance_name": "orders", "language": "node"}

// application is the JSON of an application. An empty version is one that was never deployed.
func application(name, instance, version, status string, memory int) string {
	url := ""
	if version != "" {
		url = "https://acme-" + name + ".cloud.example/"
	}
	return fmt.Sprintf(`{"Name":%q,"ID":"id-%s","PostgresInstanceName":%q,"ApplicationDatabaseName":%q,"Status":%q,"Version":%q,"AppURL":%q,"ExecutorsMemoryMib":%d}`,
		name, name, instance, name, status, version, url, memory)
}

// versions is the JSON of an application's versions, oldest first.
func versions(names ...string) string {
	var list []string
	for i, name := range names {
		list = append(list, fmt.Sprintf(`{"ApplicationName":"shop","Version":%q,"CreationTime":"2026-11-25T10:%02d:00Z"}`, name, i))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// registering is an API in which shop can be registered; its record is then the given one.
func registering(record string) *api {
	a := &api{}
	a.answer("PUT applications", func(string) (int, string) {
		a.say("GET applications/shop", record)
		return http.StatusOK, `"id-shop"`
	})
	a.say("PATCH applications/shop", "")
	return a
}

// registered is shop as Terraform stores it after a create.
func (r *rpc) registered(set attributes) *object {
	r.t.Helper()
	return r.apply(applicationType, nil, set, "", "")
}

func wantWrites(t *testing.T, a *api, want ...string) {
	t.Helper()
	if got := a.written(); !slices.Equal(got, want) {
		t.Errorf("writes:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestApplicationValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		set  attributes
		want string
	}{
		"all known":       {shop.with(attributes{"executors_memory_mib": 512, "min_executors": 0, "max_executors": 1}), ""},
		"all unknown":     {attributes{"name": unknown, "database_instance_name": unknown, "language": unknown, "executors_memory_mib": unknown, "min_executors": unknown, "max_executors": unknown, "time_travel": unknown}, ""},
		"imported long":   {shop.with(attributes{"name": strings.Repeat("a", 256), "language": nil}), ""},
		"name":            {shop.with(attributes{"name": "Shop"}), `Invalid application name|'S' at position 1 is not allowed`},
		"name too long":   {shop.with(attributes{"name": strings.Repeat("a", 257)}), "257 characters"},
		"instance":        {shop.with(attributes{"database_instance_name": "x"}), "Invalid instance name"},
		"language":        {shop.with(attributes{"language": "ruby"}), `Invalid language|node, python, go or java`},
		"memory too low":  {shop.with(attributes{"executors_memory_mib": 511}), "Invalid executor memory|512 to 5120"},
		"memory too high": {shop.with(attributes{"executors_memory_mib": 5121}), "Invalid executor memory"},
		"no executors":    {shop.with(attributes{"max_executors": 0}), "at least 1"},
	}
	r := newRPC(t, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.in(t).validate(applicationType, tt.set, tt.want)
		})
	}
}

// A create is planned by the strict rules and without a call.
func TestApplicationPlanCreate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		set  attributes
		want string
	}{
		"name too long":            {shop.with(attributes{"name": strings.Repeat("a", 31)}), "Invalid application name|31 characters"},
		"name is reserved":         {shop.with(attributes{"name": "secrets"}), "reserved"},
		"no language":              {shop.with(attributes{"language": nil}), "Missing language"},
		"more least than greatest": {shop.with(attributes{"min_executors": 3, "max_executors": 2}), "min_executors is 3, and max_executors is only 2"},
		"unknown limit":            {shop.with(attributes{"min_executors": 3, "max_executors": unknown}), ""},
		"unknown name":             {shop.with(attributes{"name": unknown}), ""},
	}
	r := newRPC(t, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.in(t).plan(applicationType, nil, tt.set, tt.want)
		})
	}
	planned := r.plan(applicationType, nil, shop, "")
	r.check(r.planned(applicationType, planned), attributes{
		"id": unknown, "organization": unknown, "application_id": unknown, "url": unknown, "database_name": unknown,
		"min_executors": nil, "max_executors": nil, "time_travel": false, "drop_database_on_destroy": false,
	})
}

func TestApplicationLife(t *testing.T) {
	t.Parallel()
	a := registering(application("shop", "orders", "", "", 512))
	r := newRPC(t, a)
	o := r.registered(shop)
	wantWrites(t, a, `PUT applications {"name":"shop","database":"orders","language":"node","provenancedb":""}`)
	r.check(o.value, attributes{
		"id": "shop", "organization": "acme", "application_id": "id-shop", "database_name": "shop", "url": nil, "executors_memory_mib": 512,
	})
	o = r.refresh(o, "")
	r.unchanged(o, shop)

	limits := shop.with(attributes{"executors_memory_mib": 1024, "min_executors": 1, "max_executors": 2})
	o = r.apply(applicationType, o, limits, "", "")
	wantWrites(t, a, `PATCH applications/shop {"executors_memory_mib":1024,"min_vms":1,"max_vms":2}`)
	// The record shows the old memory until the next deploy.
	o = r.refresh(o, "")
	r.check(o.value, attributes{"executors_memory_mib": 1024})
	r.unchanged(o, limits)
	a.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 1024))
	o = r.refresh(o, "")
	r.check(o.value, attributes{"executors_memory_mib": 1024, "url": "https://acme-shop.cloud.example/"})
	r.unchanged(o, limits)
	r.unchanged(o, shop)
	// From then on another memory is a difference.
	a.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 2048))
	o = r.refresh(o, "")
	r.check(o.value, attributes{"executors_memory_mib": 2048})
	o = r.apply(applicationType, o, limits, "", "")
	wantWrites(t, a, `PATCH applications/shop {"executors_memory_mib":1024}`)
	o = r.apply(applicationType, o, limits.with(attributes{"drop_database_on_destroy": true}), "", "")
	wantWrites(t, a)

	a.answer("DELETE applications/shop", func(string) (int, string) {
		a.fail("GET applications/shop", http.StatusNotFound, "application shop not found")
		return http.StatusOK, ""
	})
	if left := r.destroy(o, ""); left != nil {
		t.Error("the destroyed application is still in the state")
	}
	wantWrites(t, a, `DELETE applications/shop {"dropdb":true}`)
	if r.refresh(o, "") != nil {
		t.Error("an application that is not found stays in the state")
	}
}

func TestApplicationCreateRefused(t *testing.T) {
	t.Parallel()
	t.Run("taken", func(t *testing.T) {
		t.Parallel()
		a := &api{}
		a.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 512))
		r := newRPC(t, a)
		if r.apply(applicationType, nil, shop, "", `exists already|to = dbos_application.NAME|id = "shop"`) != nil {
			t.Error("somebody else's application is in the state")
		}
		wantWrites(t, a)
	})
	t.Run("no instance", func(t *testing.T) {
		t.Parallel()
		a := &api{}
		a.fail("PUT applications", http.StatusNotFound, "database orders not found")
		r := newRPC(t, a)
		if r.apply(applicationType, nil, shop, "", `Database instance "orders" does not exist|database_instance_name|create the instance with dbos_database_instance and refer to its id`) != nil {
			t.Error("what was not registered is in the state")
		}
	})
	t.Run("executors set late", func(t *testing.T) {
		t.Parallel()
		a := registering(application("shop", "orders", "", "", 512))
		var first time.Time
		a.answer("PATCH applications/shop", func(string) (int, string) {
			// It is registered: what is left is tried for longer than the retry_timeout of 200 ms.
			if first.IsZero() {
				first = time.Now()
			}
			if time.Since(first) < 300*time.Millisecond {
				return http.StatusServiceUnavailable, "later"
			}
			return http.StatusOK, ""
		})
		r := newRPC(t, a)
		o := r.registered(shop.with(attributes{"min_executors": 2}))
		r.check(o.value, attributes{"min_executors": 2})
	})
	t.Run("executors not set", func(t *testing.T) {
		t.Parallel()
		a := registering(application("shop", "orders", "", "", 512))
		a.fail("PATCH applications/shop", http.StatusBadRequest, "no more than one")
		r := newRPC(t, a)
		set := shop.with(attributes{"min_executors": 2})
		o := r.apply(applicationType, nil, set, "", "Cannot set the executors|no more than one|terraform untaint dbos_application.NAME")
		r.check(o.value, attributes{"id": "shop", "application_id": "id-shop", "min_executors": nil})
		// After an untaint the next apply does what is left.
		a.say("PATCH applications/shop", "")
		a.written()
		o = r.apply(applicationType, r.refresh(o, ""), set, "", "")
		wantWrites(t, a, `PATCH applications/shop {"min_vms":2}`)
		r.unchanged(r.refresh(o, ""), set)
	})
}

// TestApplicationUnreadable keeps an application that was registered, and whose record is odd or never comes, from
// being tainted: the next apply would delete it.
func TestApplicationUnreadable(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"odd": `{"Name":1}`, "never visible": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{}
			a.fail("GET applications/shop", http.StatusNotFound, "application shop not found")
			a.answer("PUT applications", func(string) (int, string) {
				if answer != "" {
					a.say("GET applications/shop", answer)
				}
				return http.StatusOK, `"id-1"`
			})
			r := newRPC(t, a)
			o := r.apply(applicationType, nil, shop, "", `WARNING: Cannot read application "shop" yet|It exists and is in the state`)
			r.check(o.value, attributes{"id": "shop", "application_id": "id-1", "url": nil})
			a.say("GET applications/shop", application("shop", "orders", "", "", 512))
			o = r.refresh(o, "")
			r.check(o.value, attributes{"application_id": "id-shop", "database_name": "shop"})
			r.unchanged(o, shop)
		})
	}
}

func TestApplicationFixed(t *testing.T) {
	t.Parallel()
	a := registering(application("shop", "orders", "v1", "AVAILABLE", 512))
	r := newRPC(t, a)
	o := r.refresh(r.registered(shop), "")
	r.plan(applicationType, o, shop.with(attributes{"language": "python"}), `registered with language = node|terraform taint dbos_application.NAME|secrets`)
	r.plan(applicationType, o, shop.with(attributes{"time_travel": true}), `registered with time_travel = false|terraform taint`)
	r.unchanged(o, shop.with(attributes{"language": nil}))
	r.unchanged(o, shop.with(attributes{"language": unknown}))
	// An instance that is not known yet never replaces the application.
	planned := r.plan(applicationType, o, shop.with(attributes{"database_instance_name": unknown}),
		`WARNING: Moving application "shop" runs the migrations of version "v1" on another database instance|If it is the current one, nothing is moved`)
	if len(planned.RequiresReplace) > 0 {
		t.Errorf("an unknown instance replaces the application: %v", planned.RequiresReplace)
	}
	r.check(r.planned(applicationType, planned), attributes{"url": "https://acme-shop.cloud.example/", "id": "shop", "database_name": "shop"})
	// Limits that stay count in the comparison.
	limited := r.apply(applicationType, o, shop.with(attributes{"max_executors": 2}), "", "")
	r.plan(applicationType, limited, shop.with(attributes{"min_executors": 3}), "min_executors is 3, and max_executors is only 2")
	if planned := r.plan(applicationType, o, shop.with(attributes{"name": "store"}), ""); len(planned.RequiresReplace) != 1 {
		t.Errorf("another name replaces %v", planned.RequiresReplace)
	}
}

func TestApplicationMove(t *testing.T) {
	t.Parallel()
	a := registering(application("shop", "orders", "v7", "AVAILABLE", 512))
	a.say("GET applications/shop/versions", versions("v7"))
	r := newRPC(t, a)
	o := r.refresh(r.registered(shop), "")
	a.written()
	restored := shop.with(attributes{"database_instance_name": "restored"})

	// The move is accepted, and the wait is interrupted.
	a.answer("POST applications/shop/changedbinstance", func(string) (int, string) {
		a.interrupt(application("shop", "orders", "v7", "DEPLOYING", 512))
		return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v8"}`
	})
	o = r.apply(applicationType, o, restored, runsOnRestored("v7"), `Application "shop" is not ready|"DEPLOYING"|Nothing was deleted`)
	wantWrites(t, a, `POST applications/shop/changedbinstance {"previous_version":"v7","target_database_name":"restored"}`)

	// The record still shows the old instance: that is no new difference.
	o = r.refresh(o, "")
	r.check(o.value, attributes{"database_instance_name": "restored"})
	r.check(r.planned(applicationType, r.plan(applicationType, o, restored, "")), attributes{"url": unknown, "id": "shop"})
	a.say("GET applications/shop", application("shop", "restored", "v8", "AVAILABLE", 512))
	o = r.apply(applicationType, o, restored, "", "")
	wantWrites(t, a)
	r.check(o.value, attributes{"url": "https://acme-shop.cloud.example/"})
	o = r.refresh(o, "")
	r.unchanged(o, restored)

	// Moved by somebody else it is a difference, and is moved back.
	a.say("GET applications/shop", application("shop", "elsewhere", "v9", "AVAILABLE", 512))
	o = r.refresh(o, "")
	r.check(o.value, attributes{"database_instance_name": "elsewhere"})
	a.answer("POST applications/shop/changedbinstance", func(string) (int, string) {
		a.say("GET applications/shop", application("shop", "restored", "v10", "AVAILABLE", 512))
		return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v10"}`
	})
	o = r.apply(applicationType, o, restored, runsOnRestored("v9"), "")
	wantWrites(t, a, `POST applications/shop/changedbinstance {"previous_version":"v9","target_database_name":"restored"}`)
	r.unchanged(r.refresh(o, ""), restored)
}

// runsOnRestored is the warning of a plan that moves shop to "restored".
func runsOnRestored(version string) string {
	return fmt.Sprintf(`WARNING: Moving application "shop" runs the migrations of version %q on database instance "restored"|set previous_version|database_instance_name`, version)
}

func TestApplicationMoveWithPreviousVersion(t *testing.T) {
	t.Parallel()
	a := registering(application("shop", "orders", "v7", "AVAILABLE", 512))
	a.say("GET applications/shop/versions", versions("v6", "v7"))
	a.answer("POST applications/shop/changedbinstance", func(string) (int, string) {
		a.say("GET applications/shop", application("shop", "restored", "v8", "AVAILABLE", 512))
		return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v8"}`
	})
	r := newRPC(t, a)
	// A version that is configured from the beginning, changed or taken out does nothing.
	o := r.refresh(r.registered(shop.with(attributes{"previous_version": "v1"})), "")
	a.written()
	for _, alone := range []attributes{shop, shop.with(attributes{"previous_version": "v6"}), shop} {
		o = r.refresh(r.apply(applicationType, o, alone, "", ""), "")
		r.unchanged(o, alone)
	}
	wantWrites(t, a)

	restored := shop.with(attributes{"database_instance_name": "restored", "previous_version": "v6"})
	r.plan(applicationType, o, restored.with(attributes{"previous_version": unknown}), "the version in previous_version, which is only known after apply,")
	r.apply(applicationType, o, restored.with(attributes{"previous_version": "v5"}), runsOnRestored("v5"), `Application "shop" has no version "v5"|previous_version`)
	wantWrites(t, a)
	o = r.apply(applicationType, o, restored, runsOnRestored("v6")+`|Version "v7" runs now`, "")
	wantWrites(t, a, `POST applications/shop/changedbinstance {"previous_version":"v6","target_database_name":"restored"}`)
	r.unchanged(r.refresh(o, ""), restored)
}

// An application that somebody deploys while a move was interrupted is not waited for in vain.
func TestApplicationMoveOvertaken(t *testing.T) {
	t.Parallel()
	a := registering(application("shop", "orders", "v7", "AVAILABLE", 512))
	a.say("GET applications/shop/versions", versions("v7"))
	r := newRPC(t, a)
	o := r.refresh(r.registered(shop), "")
	a.answer("POST applications/shop/changedbinstance", func(string) (int, string) {
		a.interrupt(application("shop", "orders", "v7", "DEPLOYING", 512))
		return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v8"}`
	})
	restored := shop.with(attributes{"database_instance_name": "restored"})
	o = r.apply(applicationType, o, restored, runsOnRestored("v7"), "is not ready")
	a.say("GET applications/shop", application("shop", "restored", "v9", "AVAILABLE", 512))
	r.unchanged(r.refresh(o, ""), restored)
}

func TestApplicationMoveBeforeDeploy(t *testing.T) {
	t.Parallel()
	a := registering(application("shop", "orders", "", "", 512))
	r := newRPC(t, a)
	o := r.refresh(r.registered(shop), "")
	r.plan(applicationType, o, shop.with(attributes{"database_instance_name": "restored"}),
		`ERROR: Application "shop" cannot be moved before its first deploy|terraform taint dbos_application.NAME|set its secrets again|deletion_protection`)
	// An instance that the same apply makes may turn out to be the present one.
	r.plan(applicationType, o, shop.with(attributes{"database_instance_name": unknown}),
		`WARNING: Application "shop" cannot be moved before its first deploy|terraform taint dbos_application.NAME`)
	// A look-up that fails says nothing.
	a.fail("GET applications/shop", http.StatusForbidden, "no")
	r.plan(applicationType, o, shop.with(attributes{"database_instance_name": "restored"}), "")
}

func TestApplicationImport(t *testing.T) {
	t.Parallel()
	a := &api{}
	a.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 1024))
	r := newRPC(t, a)
	r.imported(applicationType, "Shop", "Invalid import id|name of the application")
	o := r.imported(applicationType, "shop", "")
	r.check(o.value, attributes{
		"id": "shop", "organization": "acme", "database_instance_name": "orders", "executors_memory_mib": 1024, "language": nil,
		"time_travel": false, "drop_database_on_destroy": false, "deletion_protection": false, "min_executors": nil, "url": "https://acme-shop.cloud.example/",
	})
	r.unchanged(o, shop.with(attributes{"language": nil}))
	r.unchanged(o, shop.with(attributes{"language": nil, "executors_memory_mib": 1024, "time_travel": false}))
	// What no call answers is recorded without a call, and then it is fixed.
	recorded := shop.with(attributes{"time_travel": true})
	o = r.apply(applicationType, o, recorded, `WARNING: time_travel of application "shop" is recorded as configured|only writes the value to the state`, "")
	wantWrites(t, a)
	r.unchanged(o, recorded)
	r.plan(applicationType, o, shop, "registered with time_travel = true")
	a.fail("GET applications/gone", http.StatusNotFound, "application gone not found")
	if r.imported(applicationType, "gone", "") != nil {
		t.Error("what does not exist was imported")
	}
}

func TestApplicationOtherOrganization(t *testing.T) {
	t.Parallel()
	a := registering(application("shop", "orders", "v1", "AVAILABLE", 512))
	r := newRPC(t, a)
	o := r.registered(shop)
	a.written()
	o = r.formerly(o, "umbrella")
	r.refresh(o, `Another organization owns application "shop"|"umbrella"|"acme"`)
	r.destroy(o, "Another organization owns")
	r.apply(applicationType, o, shop.with(attributes{"min_executors": 1}), "", "Another organization owns")
	wantWrites(t, a)
}

func TestApplicationGoneNeedsProof(t *testing.T) {
	t.Parallel()
	a := registering(application("shop", "orders", "v1", "AVAILABLE", 512))
	r := newRPC(t, a)
	o := r.registered(shop)
	for status, text := range map[int]string{
		http.StatusNotFound:     "<html>not found</html>",
		http.StatusForbidden:    `{"message":"application shop not found","statusCode":403}`,
		http.StatusUnauthorized: `{"message":"application shop not found","statusCode":401}`,
	} {
		a.answer("GET applications/shop", func(string) (int, string) { return status, text })
		r.refresh(o, `Cannot read application "shop"`)
	}
}

func TestApplicationProtection(t *testing.T) {
	t.Parallel()
	a := registering(application("shop", "orders", "v1", "AVAILABLE", 512))
	r := newRPC(t, a)
	protected := shop.with(attributes{"deletion_protection": true})
	const waysOn = "|deletes its versions and its secrets|deletion_protection = false|put it back first|terraform state rm dbos_application.NAME"
	o := r.refresh(r.registered(protected), "")
	a.written()
	r.unchanged(o, protected)
	r.planDestroy(o, `Application "shop" is protected from being destroyed`+waysOn)
	r.plan(applicationType, o, protected.with(attributes{"name": "store"}), `Application "shop" is protected from being replaced|name`+waysOn)
	// What is tainted comes to the delete without a plan's look.
	if r.deleted(o, `Application "shop" is protected from being destroyed|terraform untaint dbos_application.NAME|Nothing was changed`+waysOn) == nil {
		t.Error("the protected application is no longer in the state")
	}
	wantWrites(t, a)

	// Taking it out is the default, false.
	r.check(r.planned(applicationType, r.plan(applicationType, o, shop, "")), attributes{"deletion_protection": false})
	o = r.apply(applicationType, o, shop, "", "")
	wantWrites(t, a)
	r.unchanged(r.refresh(o, ""), shop.with(attributes{"deletion_protection": false}))
	r.plan(applicationType, o, protected.with(attributes{"name": "store"}), "is protected from being replaced")
	if len(r.plan(applicationType, o, shop.with(attributes{"name": "store"}), "").RequiresReplace) != 1 {
		t.Error("another name does not replace an application without protection")
	}

	// A state from before there was protection plans empty, and is unprotected.
	var values map[string]tftypes.Value
	if err := o.value.As(&values); err != nil {
		t.Fatal(err)
	}
	values["deletion_protection"], values["url"] = tftypes.NewValue(tftypes.Bool, nil), tftypes.NewValue(tftypes.String, nil)
	old := &object{kind: o.kind, value: tftypes.NewValue(o.value.Type(), values), private: o.private}
	r.unchanged(old, shop)
	r.planDestroy(old, "")
}
