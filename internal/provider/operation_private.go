// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// privateState is the provider's own part of a resource's state.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// loadPrivate reads a value of the private state. It returns false if there is none.
func loadPrivate(ctx context.Context, private privateState, key string, value any, diags *diag.Diagnostics) bool {
	raw, problems := private.GetKey(ctx, key)
	diags.Append(problems...)
	if raw == nil {
		return false
	}
	if err := json.Unmarshal(raw, value); err != nil {
		diags.AddError("Cannot read the private state", fmt.Sprintf("This provider did not write the value %q of the resource's private state: %s. Restore the state from a backup, or remove the resource from the state and import it again.", key, err))
		return false
	}
	return true
}

func savePrivate(ctx context.Context, private privateState, key string, value any, diags *diag.Diagnostics) {
	raw, err := json.Marshal(value)
	if err != nil {
		diags.AddError("Cannot write the private state", sentence(err.Error()))
		return
	}
	diags.Append(private.SetKey(ctx, key, raw)...)
}
