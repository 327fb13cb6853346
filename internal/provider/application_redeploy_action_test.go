// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// redeploys checks, plans and runs the action, and returns its progress messages.
func (r *rpc) redeploys(ctx context.Context, set attributes, want string) []string {
	r.t.Helper()
	server, ok := r.server.(tfprotov6.ActionServer)
	if !ok {
		r.t.Fatal("the server has no actions")
	}
	schema := r.actions[applicationRedeployType].Schema
	values := map[string]tftypes.Value{}
	for _, attribute := range schema.Block.Attributes {
		values[attribute.Name] = valueOf(attribute.Type, set[attribute.Name])
	}
	config := r.encode(tftypes.NewValue(schema.ValueType(), values))
	planned, err := server.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: applicationRedeployType, Config: config})
	r.must("", planned.Diagnostics, err)
	stream, err := server.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: applicationRedeployType, Config: config})
	if err != nil {
		r.t.Fatal(err)
	}
	var messages []string
	completed := false
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			messages = append(messages, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			completed = true
			r.must(want, e.Diagnostics, nil)
		}
	}
	if !completed {
		r.t.Error("the action never completed")
	}
	return messages
}

const redeployRunning = `POST applications/shop {"previous_version":"v7"}`

func TestRedeploy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		version any
		write   string
	}{
		"the running version": {nil, redeployRunning},
		"an earlier version":  {"v6", `POST applications/shop {"previous_version":"v6"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := deployedShop("restored")
			messages := newRPC(t, a).redeploys(t.Context(), attributes{"application_name": "shop", "previous_version": tt.version}, "")
			wantWrites(t, a, tt.write)
			if len(messages) != 3 || !strings.Contains(messages[0], `Deploying version "v`) || !strings.Contains(messages[1], `accepted as version "v8"`) || !strings.Contains(messages[2], `serves version "v8"`) {
				t.Errorf("the messages are %q", messages)
			}
		})
	}
}

func TestRedeployRefusesBeforeAWrite(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arrange func(*api)
		set     attributes
		want    string
	}{
		"no such application": {func(*api) {}, attributes{"application_name": "gone"}, `Application "gone" does not exist|Nothing was changed|application_name`},
		"no such version":     {func(*api) {}, attributes{"application_name": "shop", "previous_version": "v9"}, `Application "shop" has no version "v9"|Nothing was deployed|previous_version`},
		"never deployed": {func(a *api) { a.say("GET applications/shop", application("shop", "orders", "", "", 512)) },
			attributes{"application_name": "shop"}, `Application "shop" was never deployed|Nothing was changed`},
		"being deleted": {func(a *api) { a.say("GET applications/shop", application("shop", "orders", "v7", "DELETING", 512)) },
			attributes{"application_name": "shop"}, `Application "shop" is being deleted|Nothing was changed`},
		"versions that cannot be read": {func(a *api) { a.fail("GET applications/shop/versions", http.StatusForbidden, "no") },
			attributes{"application_name": "shop", "previous_version": "v6"}, `Cannot read the versions of application "shop"|Nothing was changed`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := deployedShop("restored")
			tt.arrange(a)
			if messages := newRPC(t, a).redeploys(t.Context(), tt.set, tt.want); len(messages) != 0 {
				t.Errorf("the action says %q before it fails", messages)
			}
			wantWrites(t, a)
		})
	}
}

// TestRedeployOnce has the deploy meet a busy application and a lost answer: the version is deployed once.
func TestRedeployOnce(t *testing.T) {
	t.Parallel()
	busy := func(works func(string) (int, string)) func(string) (int, string) {
		var times atomic.Int64
		return func(body string) (int, string) {
			if times.Add(1) <= 2 {
				return http.StatusConflict, `{"message":"application is busy","statusCode":409,"requestID":"r1"}`
			}
			return works(body)
		}
	}
	t.Run("busy", func(t *testing.T) {
		t.Parallel()
		a := deployedShop("restored")
		a.answer("POST applications/shop", busy(a.answers["POST applications/shop"]))
		newRPC(t, a).redeploys(t.Context(), attributes{"application_name": "shop"}, "")
		wantWrites(t, a, redeployRunning, redeployRunning, redeployRunning)
	})
	t.Run("lost answer", func(t *testing.T) {
		t.Parallel()
		a := deployedShop("restored")
		works := a.answers["POST applications/shop"]
		a.answer("POST applications/shop", func(body string) (int, string) {
			works(body)
			a.say("GET applications/shop/versions", versions("v6", "v7", "v8"))
			return http.StatusBadGateway, "<html>bad gateway</html>"
		})
		messages := newRPC(t, a).redeploys(t.Context(), attributes{"application_name": "shop"}, "")
		wantWrites(t, a, redeployRunning)
		if !slices.ContainsFunc(messages, func(m string) bool { return strings.Contains(m, `accepted as version "v8"`) }) {
			t.Errorf("the messages are %q", messages)
		}
	})
}

func TestRedeployFails(t *testing.T) {
	t.Parallel()
	t.Run("migration", func(t *testing.T) {
		t.Parallel()
		a := deployedShop("restored")
		a.answer("POST applications/shop", func(string) (int, string) {
			return http.StatusBadRequest, `{"message":"migration failed","statusCode":400,"requestID":"r1","DetailedError":"npx knex migrate:latest\nrelation \"carts\" does not exist"}`
		})
		newRPC(t, a).redeploys(t.Context(), attributes{"application_name": "shop"},
			`ERROR: Cannot deploy application "shop"|migration failed|relation "carts" does not exist|Version "v7" probably still runs`)
		wantWrites(t, a, redeployRunning)
	})
	t.Run("wait", func(t *testing.T) {
		t.Parallel()
		a := deployedShop("restored")
		a.answer("POST applications/shop", func(string) (int, string) {
			a.interrupt(application("shop", "restored", "v7", "DEPLOYING", 512))
			return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v8"}`
		})
		newRPC(t, a).redeploys(t.Context(), attributes{"application_name": "shop"},
			`ERROR: Application "shop" is not ready|"DEPLOYING"|DBOS Cloud accepted version "v8"|deploys once more`)
	})
	t.Run("overtaken", func(t *testing.T) {
		t.Parallel()
		a := deployedShop("restored")
		a.answer("POST applications/shop", func(string) (int, string) {
			a.say("GET applications/shop", application("shop", "restored", "v9", "AVAILABLE", 512))
			return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v8"}`
		})
		newRPC(t, a).redeploys(t.Context(), attributes{"application_name": "shop"},
			`WARNING: Application "shop" was changed by somebody else meanwhile|version "v8"|It runs version "v9"`)
	})
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		a := deployedShop("restored")
		a.answer("POST applications/shop", func(string) (int, string) {
			a.answer("GET applications/shop", func(string) (int, string) {
				cancel()
				return http.StatusOK, application("shop", "restored", "v7", "DEPLOYING", 512)
			})
			return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v8"}`
		})
		newRPC(t, a).redeploys(ctx, attributes{"application_name": "shop"},
			`ERROR: Application "shop" is not ready|The wait was interrupted|DBOS Cloud accepted version "v8"`)
	})
}
