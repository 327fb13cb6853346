// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// The limits of operations for which the timeouts block sets none. A database instance takes minutes to create, a large
// restore much longer.
const (
	defaultCreateTimeout = 60 * time.Minute
	defaultUpdateTimeout = 30 * time.Minute
	defaultDeleteTimeout = 30 * time.Minute
)

// withTimeout limits the time of an operation to its entry in the timeouts block.
func withTimeout(ctx context.Context, entry func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), otherwise time.Duration, diags *diag.Diagnostics) (context.Context, context.CancelFunc) {
	limit, problems := entry(ctx, otherwise)
	diags.Append(problems...)
	return context.WithTimeout(ctx, limit)
}

// timeoutsBlock is the timeouts block of every resource.
func timeoutsBlock(ctx context.Context) schema.Block {
	block := timeouts.Block(ctx, timeouts.Opts{
		Create: true, Update: true, Delete: true,
		CreateDescription: "Limit for a create, such as `90m`. Default: `60m`.",
		UpdateDescription: "Limit for an update. Default: `30m`.",
		DeleteDescription: "Limit for a delete. Default: `30m`.",
	})
	nested, ok := block.(schema.SingleNestedBlock)
	if !ok {
		return block
	}
	for name, attribute := range nested.Attributes {
		if limit, ok := attribute.(schema.StringAttribute); ok {
			// The library's own validator takes zero and negative durations.
			limit.Validators = []validator.String{rule("time limit", "a duration above zero", checkDuration)}
			nested.Attributes[name] = limit
		}
	}
	return nested
}
