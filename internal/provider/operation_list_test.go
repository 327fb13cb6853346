// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// query is one list block of a query.
type query struct {
	kind  string
	set   attributes
	limit int64
	whole bool // include_resource
}

// list runs a query until seen returns false, and returns the diagnostics.
func (r *rpc) list(ctx context.Context, q query, seen func(tfprotov6.ListResourceResult) bool) []*tfprotov6.Diagnostic {
	r.t.Helper()
	schema, ok := r.lists[q.kind]
	if !ok {
		r.t.Fatalf("there is no list of %s", q.kind)
	}
	config := map[string]tftypes.Value{}
	for _, attribute := range schema.Block.Attributes {
		config[attribute.Name] = valueOf(attribute.Type, q.set[attribute.Name])
	}
	server, ok := r.server.(tfprotov6.ListResourceServer)
	if !ok {
		r.t.Fatal("the server has no lists")
	}
	stream, err := server.ListResource(ctx, &tfprotov6.ListResourceRequest{
		TypeName: q.kind, Config: r.encode(tftypes.NewValue(schema.ValueType(), config)), IncludeResource: q.whole, Limit: q.limit,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	var diags []*tfprotov6.Diagnostic
	for result := range stream.Results {
		diags = append(diags, result.Diagnostics...)
		if result.Identity != nil && !seen(result) {
			break
		}
	}
	return diags
}

// listed runs a query whose diagnostics are as wanted, and returns the objects by display name.
func (r *rpc) listed(q query, want string) map[string]*object {
	r.t.Helper()
	objects := map[string]*object{}
	diags := r.list(r.t.Context(), q, func(result tfprotov6.ListResourceResult) bool {
		objects[result.DisplayName] = &object{kind: q.kind, identity: result.Identity}
		if q.whole {
			objects[result.DisplayName] = r.stored(q.kind, result.Resource, result.Identity, nil)
		} else if result.Resource != nil {
			r.t.Errorf("%s has the whole object, which was not asked for", result.DisplayName)
		}
		return true
	})
	r.must(want, diags, nil)
	return objects
}

func names(objects map[string]*object) []string {
	var names []string
	for name := range objects {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestListIsWhatAnImportReads lists an existing object of each type, and imports it by the identity that the list gave.
func TestListIsWhatAnImportReads(t *testing.T) {
	t.Parallel()
	a := handMade()
	r := newRPC(t, a)
	for kind := range r.lists {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r, e := r.in(t), existing[kind]
			if short := r.listed(query{kind: kind}, ""); len(short) != 1 || short[e.id] == nil {
				t.Fatalf("listed %q, want %q", names(short), e.id)
			}
			found := r.listed(query{kind: kind, whole: true}, "")[e.id]
			identity := attributes{}
			for name, value := range r.identityOf(found) {
				var text string
				if err := value.As(&text); err != nil {
					t.Fatal(err)
				}
				identity[name] = text
			}
			imported := r.identified(kind, identity, "")
			if !imported.value.Equal(found.value) {
				t.Errorf("the list gives  %s,\nan import reads %s", found.value, imported.value)
			}
			r.unchanged(imported, e.set)
		})
	}
}

func TestListChooses(t *testing.T) {
	t.Parallel()
	a := handMade()
	a.say("GET databases/userdb/info/older", `{"PostgresInstanceName":"older","Status":"available","HostName":"h","Port":5432,"AdminUsername":"app"}`)
	a.say("GET databases/userdb/info/leaving", strings.ReplaceAll(strings.Replace(ordersOne, "available", "deleting", 1), "orders", "leaving"))
	a.say("GET databases/userdb/info/making", strings.ReplaceAll(strings.Replace(ordersOne, "available", "creating", 1), "orders", "making"))
	a.say("GET applications/shelf", application("shelf", "orders", "", "", 512))
	a.say("GET applications/shelf/secrets", `["A","B"]`)
	r := newRPC(t, a)
	tests := map[string]struct {
		query query
		want  []string
	}{
		"all instances":           {query{kind: databaseInstanceType}, []string{"making", "older", "orders"}},
		"instances by prefix":     {query{kind: databaseInstanceType, set: attributes{"name_prefix": "o"}}, []string{"older", "orders"}},
		"no instance":             {query{kind: databaseInstanceType, set: attributes{"name_prefix": "x"}}, nil},
		"instances up to a limit": {query{kind: databaseInstanceType, limit: 2}, []string{"making", "older"}},
		"links":                   {query{kind: linkedDatabaseType}, []string{"legacy"}},
		"no link":                 {query{kind: linkedDatabaseType, set: attributes{"name_prefix": "orders"}}, nil},
		"applications":            {query{kind: applicationType, whole: true}, []string{"shelf", "shop"}},
		"applications by prefix":  {query{kind: applicationType, set: attributes{"name_prefix": "sho"}}, []string{"shop"}},
		"all secrets":             {query{kind: applicationSecretType}, []string{"shelf/A", "shelf/B", "shop/STRIPE_KEY"}},
		"secrets of one":          {query{kind: applicationSecretType, set: attributes{"application_name": "shop"}, whole: true}, []string{"shop/STRIPE_KEY"}},
		"secrets up to a limit":   {query{kind: applicationSecretType, limit: 2}, []string{"shelf/A", "shelf/B"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := names(r.in(t).listed(tt.query, "")); !slices.Equal(got, tt.want) {
				t.Errorf("listed %q, want %q", got, tt.want)
			}
		})
	}
}

func TestListFails(t *testing.T) {
	t.Parallel()
	a := handMade()
	a.say("GET applications/attic", application("attic", "orders", "", "", 512))
	a.say("GET applications/attic/secrets", `["A"]`)
	a.fail("GET applications/shop/secrets", http.StatusForbidden, "no")
	r := newRPC(t, a)
	// It fails in the middle: what came before is listed.
	got := names(r.listed(query{kind: applicationSecretType}, `Cannot list the application secrets|does not have permission|The list is not complete`))
	if !slices.Equal(got, []string{"attic/A"}) {
		t.Errorf("listed %q before the failure", got)
	}
	r.listed(query{kind: applicationSecretType, set: attributes{"application_name": "shop"}}, "Cannot list the application secrets")
	r.listed(query{kind: applicationSecretType, set: attributes{"application_name": "gone"}}, "Cannot list the application secrets|application gone not found")
	// An application that was deleted since it was listed has no secrets.
	a.fail("GET applications/shop/secrets", http.StatusNotFound, "application shop not found")
	if got := names(r.listed(query{kind: applicationSecretType}, "")); !slices.Equal(got, []string{"attic/A"}) {
		t.Errorf("listed %q", got)
	}
	for call, text := range map[string]string{
		"GET databases":    `[` + ordersOne + `,{"PostgresInstanceName":`,
		"GET applications": `[{"Name":"shop"},{}]`,
	} {
		a.say(call, text)
	}
	for _, kind := range []string{databaseInstanceType, linkedDatabaseType, applicationType, applicationSecretType} {
		if got := r.listed(query{kind: kind}, "ERROR: Cannot list the "); len(got) != 0 {
			t.Errorf("a broken list gave %q", names(got))
		}
	}
	r.configure(attributes{"token": unknown}, "The provider's configuration is not known yet")
	r.listed(query{kind: databaseInstanceType}, "ERROR: The provider's configuration is not known yet")
}

func TestListOfNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"[]", "null"} {
		a := &api{}
		a.say("GET databases", text)
		a.say("GET applications", text)
		r := newRPC(t, a)
		for kind := range r.lists {
			if got := r.listed(query{kind: kind, whole: true}, ""); len(got) != 0 {
				t.Errorf("%s: listed %q", kind, names(got))
			}
		}
	}
}

// thousand is an API with 1,000 instances that counts its calls.
func thousand() (a *api, calls *atomic.Int64) {
	records := make([]string, 1000)
	for i := range records {
		records[i] = strings.ReplaceAll(ordersOne, "orders", fmt.Sprintf("db_%04d", i))
	}
	calls = &atomic.Int64{}
	a = &api{}
	a.answer("GET databases", func(string) (int, string) {
		calls.Add(1)
		return http.StatusOK, "[" + strings.Join(records, ",") + "]"
	})
	a.answer("GET /v1alpha1/user/profile", func(string) (int, string) {
		calls.Add(1)
		return http.StatusOK, `{"Name":"me","Organization":"acme"}`
	})
	return a, calls
}

func TestListOfAThousandTakesTwoCalls(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprint(whole), func(t *testing.T) {
			t.Parallel()
			a, calls := thousand()
			r := newRPCOfProfile(t, a)
			if got := r.listed(query{kind: databaseInstanceType, whole: whole}, ""); len(got) != 1000 {
				t.Errorf("listed %d", len(got))
			}
			if n := calls.Load(); n != 2 {
				t.Errorf("%d calls, want 2", n)
			}
		})
	}
}

func TestListEndsWhenNobodyReadsOn(t *testing.T) {
	t.Parallel()
	a, _ := thousand()
	r := newRPC(t, a)
	read := 0
	r.must("", r.list(t.Context(), query{kind: databaseInstanceType}, func(tfprotov6.ListResourceResult) bool {
		read++
		return read < 7
	}), nil)
	if read != 7 {
		t.Errorf("%d objects were read", read)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read = 0
	diags := r.list(ctx, query{kind: databaseInstanceType}, func(tfprotov6.ListResourceResult) bool {
		if read++; read == 7 {
			cancel()
		}
		return true
	})
	r.must("Cannot list the database instances|The operation was interrupted", diags, nil)
	if read != 7 {
		t.Errorf("%d objects were read, 7 before the interrupt", read)
	}

	// An interrupt ends the call too.
	hanging, stop := context.WithCancel(t.Context())
	a.answer("GET applications", func(string) (int, string) {
		stop()
		<-t.Context().Done()
		return http.StatusOK, "[]"
	})
	r.must("Cannot list the applications|The operation was interrupted", r.list(hanging, query{kind: applicationType}, nil), nil)
}
