// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"net/http"
	"testing"
)

// bound is the binding of these tests.
var bound = attributes{"application_name": "shop", "database_instance_name": "restored"}

// deployedShop is an API in which shop runs version v7 on an instance, and any change of it makes v8 on "restored" at
// once.
func deployedShop(instance string) *api {
	a := &api{}
	a.say("GET applications/shop", application("shop", instance, "v7", "AVAILABLE", 512))
	a.say("GET applications/shop/versions", versions("v6", "v7"))
	for _, call := range []string{"POST applications/shop/changedbinstance", "POST applications/shop"} {
		a.answer(call, func(string) (int, string) {
			a.say("GET applications/shop", application("shop", "restored", "v8", "AVAILABLE", 512))
			return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v8"}`
		})
	}
	return a
}

func TestBindingCreate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		on  string
		set attributes

		warning string
		want    []string
	}{
		"bound already":                  {"restored", bound, "", nil},
		"with the running version":       {"orders", bound, runsOnRestored("v7"), []string{`POST applications/shop/changedbinstance {"previous_version":"v7","target_database_name":"restored"}`}},
		"with an earlier version":        {"orders", bound.with(attributes{"previous_version": "v6"}), runsOnRestored("v6"), []string{`POST applications/shop/changedbinstance {"previous_version":"v6","target_database_name":"restored"}`}},
		"bound already, another version": {"restored", bound.with(attributes{"previous_version": "v6"}), "", []string{`POST applications/shop/changedbinstance {"previous_version":"v6","target_database_name":"restored"}`}},
		"bound already, never deployed":  {"", bound, "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := deployedShop(tt.on)
			if tt.on == "" {
				a.say("GET applications/shop", application("shop", "restored", "", "", 512))
			}
			r := newRPC(t, a)
			o := r.apply(applicationDatabaseBindingType, nil, tt.set, tt.warning, "")
			wantWrites(t, a, tt.want...)
			r.check(o.value, tt.set.with(attributes{"id": "shop", "organization": "acme", "database_name": "shop"}))
			r.unchanged(r.refresh(o, ""), tt.set)
			// Taking the version out changes nothing.
			o = r.apply(applicationDatabaseBindingType, o, bound, "", "")
			wantWrites(t, a)
			if r.destroy(o, "") != nil {
				t.Error("the destroyed binding is still in the state")
			}
			wantWrites(t, a)
		})
	}
}

func TestBindingUpdate(t *testing.T) {
	t.Parallel()
	a := deployedShop("restored")
	r := newRPC(t, a)
	o := r.apply(applicationDatabaseBindingType, nil, bound, "", "")

	// A version alone is a plain deploy of it.
	versioned := bound.with(attributes{"previous_version": "v6"})
	planned := r.planned(applicationDatabaseBindingType, r.plan(applicationDatabaseBindingType, o, versioned, ""))
	r.check(planned, attributes{"database_name": "shop", "id": "shop"})
	o = r.apply(applicationDatabaseBindingType, o, versioned, "", "")
	wantWrites(t, a, `POST applications/shop {"previous_version":"v6"}`)

	// Moved away by hand, it is moved back with the version that runs then.
	a.say("GET applications/shop", application("shop", "orders", "v9", "AVAILABLE", 512))
	o = r.refresh(o, "")
	r.check(o.value, attributes{"database_instance_name": "orders"})
	o = r.apply(applicationDatabaseBindingType, o, versioned, runsOnRestored("v9"), "")
	wantWrites(t, a, `POST applications/shop/changedbinstance {"previous_version":"v9","target_database_name":"restored"}`)
	r.unchanged(r.refresh(o, ""), versioned)

	a.fail("GET applications/shop", http.StatusNotFound, "application shop not found")
	if r.refresh(o, "") != nil {
		t.Error("the binding of an application that is gone stays in the state")
	}
}

func TestBindingInterrupted(t *testing.T) {
	t.Parallel()
	a := deployedShop("orders")
	a.answer("POST applications/shop/changedbinstance", func(string) (int, string) {
		a.interrupt(application("shop", "orders", "v7", "DEPLOYING", 512))
		return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v8"}`
	})
	r := newRPC(t, a)
	o := r.apply(applicationDatabaseBindingType, nil, bound, runsOnRestored("v7"),
		`Application "shop" is not ready|ended in an error|"DEPLOYING"|terraform untaint dbos_application_database_binding.NAME`)
	a.written()
	o = r.refresh(o, "")
	r.check(r.planned(applicationDatabaseBindingType, r.plan(applicationDatabaseBindingType, o, bound, "")), attributes{"database_name": unknown})
	a.say("GET applications/shop", application("shop", "restored", "v8", "AVAILABLE", 512))
	o = r.apply(applicationDatabaseBindingType, o, bound, "", "")
	wantWrites(t, a)
	r.unchanged(r.refresh(o, ""), bound)
}

func TestBindingRefused(t *testing.T) {
	t.Parallel()
	a := &api{}
	r := newRPC(t, a)
	if r.apply(applicationDatabaseBindingType, nil, bound, "", `Application "shop" does not exist|application_name`) != nil {
		t.Error("the binding of no application is in the state")
	}
	a.say("GET applications/shop", application("shop", "orders", "", "", 512))
	if r.apply(applicationDatabaseBindingType, nil, bound, `WARNING: Application "shop" cannot be moved before its first deploy|only if it also deploys it first`,
		`ERROR: Application "shop" cannot be moved before its first deploy|Nothing was changed|npx dbos-cloud app delete shop|npx dbos-cloud app register shop -d restored`) != nil {
		t.Error("what was not bound is in the state")
	}
	a.say("GET applications/shop", application("shop", "orders", "v1", "DELETING", 512))
	if r.apply(applicationDatabaseBindingType, nil, bound, runsOnRestored("v1"), `Application "shop" is being deleted|Nothing was changed`) != nil {
		t.Error("the binding of an application that goes is in the state")
	}
	a.say("GET applications/shop", application("shop", "orders", "v1", "AVAILABLE", 512))
	a.say("GET applications/shop/versions", versions("v1"))
	versioned := bound.with(attributes{"previous_version": "v0"})
	if r.apply(applicationDatabaseBindingType, nil, versioned, runsOnRestored("v0"), `Application "shop" has no version "v0"|previous_version`) != nil {
		t.Error("the binding with a version that does not exist is in the state")
	}
	wantWrites(t, a)
	a.answer("POST applications/shop/changedbinstance", func(string) (int, string) {
		return http.StatusBadRequest, `{"message":"migration failed","statusCode":400,"requestID":"r1","DetailedError":"ERROR: relation \"carts\" does not exist"}`
	})
	if r.apply(applicationDatabaseBindingType, nil, bound, runsOnRestored("v1"), `Cannot bind application "shop"|migration failed|relation "carts" does not exist`) != nil {
		t.Error("what was not bound is in the state")
	}
}

func TestBindingImport(t *testing.T) {
	t.Parallel()
	a := deployedShop("restored")
	r := newRPC(t, a)
	r.imported(applicationDatabaseBindingType, "a/b", "Invalid import id")
	o := r.imported(applicationDatabaseBindingType, "shop", "")
	r.unchanged(o, bound)
	r.apply(applicationDatabaseBindingType, o, bound.with(attributes{"previous_version": "v6"}), `will be deployed|version "v6"`, "")
	wantWrites(t, a, `POST applications/shop {"previous_version":"v6"}`)
}
