// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"net/http"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

func TestRolloutOver(t *testing.T) {
	t.Parallel()
	deployed := rollout{Version: "v2", Replaces: "v1"}
	moved := rollout{Version: "v2", Replaces: "v1", Instance: "restored", Leaves: "orders"}
	tests := map[string]struct {
		rollout rollout
		seen    cloud.Application
		want    bool
	}{
		"it serves":                     {deployed, cloud.Application{Status: "AVAILABLE", Version: "v2"}, true},
		"it is deploying":               {deployed, cloud.Application{Status: "DEPLOYING", Version: "v2"}, false},
		"the former version serves":     {deployed, cloud.Application{Status: "AVAILABLE", Version: "v1"}, false},
		"somebody has deployed since":   {deployed, cloud.Application{Status: "AVAILABLE", Version: "v3"}, true},
		"first deploy, nothing serves":  {rollout{Version: "v1"}, cloud.Application{Status: "AVAILABLE"}, false},
		"it has moved":                  {moved, cloud.Application{Status: "AVAILABLE", Version: "v2", Instance: "restored"}, true},
		"it has not moved yet":          {moved, cloud.Application{Status: "AVAILABLE", Version: "v1", Instance: "orders"}, false},
		"its version is there, alone":   {moved, cloud.Application{Status: "AVAILABLE", Version: "v2", Instance: "orders"}, false},
		"somebody has moved it further": {moved, cloud.Application{Status: "AVAILABLE", Version: "v2", Instance: "other"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := cloud.Rollout(tt.rollout).Over(tt.seen); got != tt.want {
				t.Errorf("over = %t", got)
			}
		})
	}
}

// TestOvertaken has somebody deploy by hand before the first look at what this apply has deployed or moved: it ends at
// once, is saved, and warns with both versions.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	const warning = `WARNING: Application "shop" was changed by somebody else meanwhile|version "v8"|It runs version "v9"`
	overtaken := func(a *api, call string) *api {
		a.answer(call, func(string) (int, string) {
			a.say("GET applications/shop", application("shop", "restored", "v9", "AVAILABLE", 512))
			return http.StatusOK, `{"ApplicationName":"shop","ApplicationVersion":"v8"}`
		})
		return a
	}
	t.Run("deployment", func(t *testing.T) {
		t.Parallel()
		a := overtaken(deployedShop("restored"), "POST applications/shop")
		r := newRPC(t, a)
		set := attributes{"application_name": "shop", "source_dir": sourceDir(t, nil)}
		o := r.apply(applicationDeploymentType, nil, set, "", warning)
		r.check(o.value, attributes{"version": "v8", "url": "https://acme-shop.cloud.example/"})
		r.unchanged(r.refresh(o, ""), set)
	})
	t.Run("binding", func(t *testing.T) {
		t.Parallel()
		a := overtaken(deployedShop("orders"), "POST applications/shop/changedbinstance")
		r := newRPC(t, a)
		o := r.apply(applicationDatabaseBindingType, nil, bound, runsOnRestored("v7"), warning+`|on database instance "restored"`)
		r.check(o.value, bound.with(attributes{"database_name": "shop"}))
		r.unchanged(r.refresh(o, ""), bound)
	})
	t.Run("move", func(t *testing.T) {
		t.Parallel()
		a := registering(application("shop", "orders", "v7", "AVAILABLE", 512))
		a.say("GET applications/shop/versions", versions("v7"))
		overtaken(a, "POST applications/shop/changedbinstance")
		r := newRPC(t, a)
		restored := shop.with(attributes{"database_instance_name": "restored"})
		o := r.apply(applicationType, r.refresh(r.registered(shop), ""), restored, runsOnRestored("v7"), warning+`|on "restored" now`)
		r.unchanged(r.refresh(o, ""), restored)
	})
}
