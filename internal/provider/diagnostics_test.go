// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// An interrupt of a write tells whether the write may have got through.
func TestExplainInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	client, err := cloud.New(cloud.Config{Endpoint: server.URL, Organization: "acme", Login: cloud.Login{Token: "token"}})
	if err != nil {
		t.Fatal(err)
	}
	const sent = "The operation was interrupted. Its last request may have taken effect."
	if got := explain(client.SetSecret(ctx, "shop", "KEY", "value")); got != sent {
		t.Errorf("explain = %q, want %q", got, sent)
	}
	const nothing = "The operation was interrupted."
	if got := explain(client.SetSecret(ctx, "shop", "KEY", "value")); got != nothing {
		t.Errorf("explain before anything is sent = %q, want %q", got, nothing)
	}
}

// A message that nothing answers says what to check.
func TestExplainUnreachable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(nil)
	server.Close()
	client, err := cloud.New(cloud.Config{Endpoint: server.URL, Organization: "acme", RetryTimeout: time.Millisecond, Login: cloud.Login{Token: "token"}})
	if err != nil {
		t.Fatal(err)
	}
	dial := client.SetSecret(t.Context(), "shop", "KEY", "value")
	for want, err := range map[string]error{
		" Check the endpoint, and that its server runs.": dial,
		" Check the proxy in HTTPS_PROXY.":               &net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial},
	} {
		if got := explain(err); !strings.HasSuffix(got, want) {
			t.Errorf("explain = %q, want the end %q", got, want)
		}
	}
}

// Somebody deletes an instance after the refresh, or the plan did not refresh.
func TestUpdateOfADeletedInstance(t *testing.T) {
	t.Parallel()
	a := &api{}
	a.say("GET databases/userdb/info/orders", ordersOne)
	r := newRPC(t, a)
	imported := r.imported(databaseInstanceType, "orders", "")
	a.fail("GET databases/userdb/info/orders", http.StatusNotFound, "database orders not found")
	set := attributes{"name": "orders", "username": "app", "password": "Correct-horse-7"}
	r.apply(databaseInstanceType, imported, set, "WARNING: The password of database instance",
		`Database instance "orders" does not exist|It was deleted after Terraform last read it|without -refresh=false`)
	wantWrites(t, a)
}

// Terraform quotes the source line of an attribute that a diagnostic points at, with the literal secret in it.
func TestWarningsAboutSecretsHaveNoPath(t *testing.T) {
	t.Parallel()
	a := &api{}
	a.say("GET databases/userdb/info/orders", ordersOne)
	a.say("GET applications/shop/secrets", `["STRIPE_KEY"]`)
	r := newRPC(t, a)
	for kind, tt := range map[string]struct {
		id      string
		set     attributes
		summary string
	}{
		databaseInstanceType:  {"orders", attributes{"name": "orders", "username": "app", "password": "Correct-horse-7"}, "The password of database instance"},
		applicationSecretType: {"shop/STRIPE_KEY", attributes{"application_name": "shop", "name": "STRIPE_KEY", "value": "sk_live"}, "The value of secret"},
	} {
		planned := r.plan(kind, r.imported(kind, tt.id, ""), tt.set, "WARNING: "+tt.summary)
		for _, d := range planned.Diagnostics {
			if d.Attribute != nil {
				t.Errorf("%q points at %s", d.Summary, d.Attribute)
			}
		}
	}
}

func TestTimeoutsAboveZero(t *testing.T) {
	t.Parallel()
	r := newRPC(t, nil)
	for limit, want := range map[string]string{"90m": "", "0s": "Invalid time limit|above zero", "-1m": "Invalid time limit|above zero", "soon": "Invalid time limit"} {
		r.validate(databaseInstanceType, attributes{"name": "orders", "username": "alice", "timeouts": map[string]string{"create": limit}}, want)
	}
}

func TestTimestampIsRFC3339(t *testing.T) {
	t.Parallel()
	for value, valid := range map[string]bool{
		"2026-11-25T13:45:30Z":        true,
		"2026-11-25t13:45:30.25z":     true,
		"2026-11-25T13:45:30.5+23:59": true,
		"2026-11-25T01:00:00,5Z":      false,
		"2026-11-25T1:00:00Z":         false,
		"2026-11-25T01:00:00+24:00":   false,
		"2026-11-25T01:00:00+23:60":   false,
		"2026-11-25T01:00:00":         false,
		"2026-02-30T01:00:00Z":        false,
	} {
		if err := checkTimestamp(value); (err == nil) != valid {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// Terraform adds the full stop to the errors of functions.
func TestFunctionErrorsHaveNoFullStop(t *testing.T) {
	t.Parallel()
	r := newRPC(t, nil)
	object := func(port int64) tftypes.Value {
		return tftypes.NewValue(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"hostname": tftypes.String, "port": tftypes.Number, "username": tftypes.String}},
			map[string]tftypes.Value{
				"hostname": tftypes.NewValue(tftypes.String, "db"), "port": tftypes.NewValue(tftypes.Number, port), "username": tftypes.NewValue(tftypes.String, "app"),
			})
	}
	text := func(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }
	for i, tt := range []struct {
		function string
		types    []tftypes.Type
		values   []tftypes.Value
		want     string
	}{
		{"connection_url", []tftypes.Type{tftypes.DynamicPseudoType}, []tftypes.Value{text("db")}, "must be an object"},
		{"connection_url", []tftypes.Type{tftypes.DynamicPseudoType}, []tftypes.Value{object(5432)}, "has no password"},
		{"connection_url", []tftypes.Type{tftypes.DynamicPseudoType}, []tftypes.Value{object(65536)}, "whole number"},
		{"database_config", []tftypes.Type{tftypes.String, tftypes.DynamicPseudoType}, []tftypes.Value{text("- a"), object(5432)}, "line 1"},
		{"parse_connection_url", []tftypes.Type{tftypes.String}, []tftypes.Value{text("mysql://db")}, "must begin with"},
		{"dotenv", []tftypes.Type{tftypes.String}, []tftypes.Value{text("A=\\$A\nC=x$A")}, "never end"},
	} {
		var arguments []*tfprotov6.DynamicValue
		for j, value := range tt.values {
			argument, err := tfprotov6.NewDynamicValue(tt.types[j], value)
			if err != nil {
				t.Fatal(err)
			}
			arguments = append(arguments, &argument)
		}
		answer, err := r.server.CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{Name: tt.function, Arguments: arguments})
		if err != nil {
			t.Fatal(err)
		}
		if answer.Error == nil || !strings.Contains(answer.Error.Text, tt.want) || strings.HasSuffix(answer.Error.Text, ".") {
			t.Errorf("%d: %s: %+v, want %q without a full stop", i, tt.function, answer.Error, tt.want)
		}
	}
}
