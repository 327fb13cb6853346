// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
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
			if got := tt.rollout.over(&tt.seen); got != tt.want {
				t.Errorf("over = %t", got)
			}
		})
	}
}
