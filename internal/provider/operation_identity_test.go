// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const ordersOne = `{"PostgresInstanceName":"orders","Status":"available","HostName":"db.example.com","Port":5432,"DatabaseUsername":"app","DBOSAdminName":"dbosadmin","IsLinked":false}`

// existing is an object of each resource that somebody made by hand.
var existing = map[string]struct {
	id       string
	identity attributes // without the organization
	set      attributes // a configuration whose plan after an import is empty
	record   string     // the call that tells of the object
}{
	databaseInstanceType:           {"orders", attributes{"name": "orders"}, attributes{"name": "orders", "username": "app"}, "GET databases/userdb/info/orders"},
	databaseRestoreType:            {"orders", attributes{"name": "orders"}, attributes{"name": "orders"}, "GET databases/userdb/info/orders"},
	linkedDatabaseType:             {"legacy", attributes{"name": "legacy"}, attributes{"name": "legacy", "hostname": "db.example.com"}, legacyRecord},
	applicationType:                {"shop", attributes{"name": "shop"}, attributes{"name": "shop", "database_instance_name": "orders"}, "GET applications/shop"},
	applicationDatabaseBindingType: {"shop", attributes{"application_name": "shop"}, attributes{"application_name": "shop", "database_instance_name": "orders"}, "GET applications/shop"},
	applicationDeploymentType:      {"shop", attributes{"application_name": "shop"}, attributes{"application_name": "shop"}, "GET applications/shop"},
	applicationSecretType: {"shop/STRIPE_KEY", attributes{"application_name": "shop", "name": "STRIPE_KEY"},
		attributes{"application_name": "shop", "name": "STRIPE_KEY"}, "GET applications/shop/secrets"},
}

// handMade is an API with the existing objects.
func handMade() *api {
	a := &api{}
	a.say("GET databases/userdb/info/orders", ordersOne)
	a.say(legacyRecord, linkedOne)
	a.say("GET applications/shop", application("shop", "orders", "v7", "AVAILABLE", 512))
	a.say("GET applications/shop/secrets", `["STRIPE_KEY"]`)
	return a
}

// formerly has the object recorded under another organization, as in an older state.
func (r *rpc) formerly(o *object, organization string) *object {
	r.t.Helper()
	values := r.identityOf(o)
	values["organization"] = tftypes.NewValue(tftypes.String, organization)
	return &object{
		kind: o.kind, value: replaced(r.t, o.value, "organization", organization), private: o.private,
		identity: &tfprotov6.ResourceIdentityData{IdentityData: r.encode(tftypes.NewValue(r.identities[o.kind].ValueType(), values))},
	}
}

func TestImportByIdentity(t *testing.T) {
	t.Parallel()
	for kind, e := range existing {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := handMade()
			r := newRPC(t, a, attributes{"organization_former_names": []string{"umbrella"}})
			byID := r.imported(kind, e.id, "")
			for _, organization := range []any{nil, "acme", "umbrella"} {
				o := r.identified(kind, e.identity.with(attributes{"organization": organization}), "")
				if !o.value.Equal(byID.value) {
					t.Errorf("organization %v: the object is %s, by id it is %s", organization, o.value, byID.value)
				}
				r.unchanged(o, e.set)
			}
			r.identified(kind, e.identity.with(attributes{"organization": "other"}),
				`Another organization owns|The import names organization "other", but the provider works in organization "acme"|add "other" to organization_former_names`)
			for name := range e.identity {
				r.identified(kind, e.identity.with(attributes{name: "no such name!"}), "Invalid import identity|"+name)
			}
			wantWrites(t, a)
		})
	}
}

// TestIdentityOfAnOlderState has states of before there were identities: whatever comes first sets one.
func TestIdentityOfAnOlderState(t *testing.T) {
	t.Parallel()
	for kind, e := range existing {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := handMade()
			r := newRPC(t, a)
			o := r.imported(kind, e.id, "")
			o.identity = nil
			r.unchanged(r.refresh(o, ""), e.set)
			r.apply(kind, o, e.set.with(attributes{"timeouts": map[string]string{"create": "1h"}}), "", "")
			a.answer(e.record, func(string) (int, string) {
				return http.StatusNotFound, `{"message":"not found","statusCode":404,"requestID":"r1"}`
			})
			if r.refresh(o, "") != nil {
				t.Error("an object that is gone is still there")
			}
			wantWrites(t, a)
		})
	}
}

func TestRenamedOrganization(t *testing.T) {
	t.Parallel()
	for kind, e := range existing {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := handMade()
			r := newRPC(t, a, attributes{"organization_former_names": []string{"first", "umbrella"}})
			o := r.formerly(r.imported(kind, e.id, ""), "umbrella")

			r.check(r.refresh(o, "").value, attributes{"organization": "acme"})
			r.unchanged(r.refresh(o, ""), e.set)
			// Without a refresh the plan records the new name.
			planned := r.plan(kind, o, e.set, "")
			r.check(r.planned(kind, planned), attributes{"organization": "acme"})
			r.check(r.finish(planned, kind, o, e.set, "").value, attributes{"organization": "acme"})
			wantWrites(t, a)

			for _, server := range []*rpc{newRPC(t, a), newRPC(t, a, attributes{"organization_former_names": []string{"first"}})} {
				server.refresh(o, `Another organization owns|The state names organization "umbrella"|"acme"|add "umbrella" to organization_former_names`)
			}
			a.answer(e.record, func(string) (int, string) {
				return http.StatusNotFound, `{"message":"not found","statusCode":404,"requestID":"r1"}`
			})
			if r.destroy(r.unprotected(o), "") != nil {
				t.Error("the destroyed object is still there")
			}
		})
	}
}

// unprotected is the object without its protection, where it has one.
func (r *rpc) unprotected(o *object) *object {
	r.t.Helper()
	var values map[string]tftypes.Value
	if err := o.value.As(&values); err != nil {
		r.t.Fatal(err)
	}
	if _, ok := values["deletion_protection"]; ok {
		values["deletion_protection"] = tftypes.NewValue(tftypes.Bool, false)
	}
	return &object{kind: o.kind, value: tftypes.NewValue(o.value.Type(), values), identity: o.identity, private: o.private}
}

// TestFormerNamesOverlap has two providers in one process, as when they are debugged.
func TestFormerNamesOverlap(t *testing.T) {
	t.Parallel()
	const refused = `Two organizations claim the former name "claimed-twice"|organization_former_names|"one"|"two"`
	tests := map[string]struct {
		second attributes
		want   string
	}{
		"another organization":  {attributes{"organization": "two", "organization_former_names": []string{"claimed-twice"}}, refused},
		"the same organization": {attributes{"organization": "one", "organization_former_names": []string{"claimed-twice"}}, ""},
		"another name":          {attributes{"organization": "two", "organization_former_names": []string{"claimed-once"}}, ""},
		"renamed once more":     {attributes{"organization": "two", "organization_former_names": []string{"claimed-twice", "one"}}, ""},
		"no former names":       {attributes{"organization": "two"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := handMade()
			first := newRPC(t, a, attributes{"organization": "one", "organization_former_names": []string{"claimed-twice"}})
			first.configure(tt.second, tt.want)
		})
	}
}

// TestIdentityMovesFromRestoreToInstance has a restored instance become an ordinary one.
func TestIdentityMovesFromRestoreToInstance(t *testing.T) {
	t.Parallel()
	r := newRPC(t, handMade())
	resp, err := r.server.MoveResourceState(t.Context(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: "registry.terraform.io/dbos-community/dbos", SourceTypeName: databaseRestoreType, TargetTypeName: databaseInstanceType,
		SourceState: &tfprotov6.RawState{JSON: []byte(`{"id":"orders","name":"orders","organization":"acme","username":"app","deletion_protection":true,
			"hostname":"db.example.com","port":5432,"admin_username":"dbosadmin","source_instance_name":"first","restore_timestamp":"2026-11-25T10:00:00Z"}`)},
	})
	r.must("", resp.Diagnostics, err)
	o := r.stored(databaseInstanceType, resp.TargetState, resp.TargetIdentity, resp.TargetPrivate)
	r.unchanged(r.refresh(o, ""), attributes{"name": "orders", "username": "app"})
}
