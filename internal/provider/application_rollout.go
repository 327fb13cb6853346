// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// rollout is a version of an application that the control plane has accepted and that does not serve yet, as far as the
// provider knows. Private state keeps it, so that the apply after an interrupted one waits for it and does not deploy
// again.
type rollout struct {
	Version  string `json:"version"`
	Replaces string `json:"replaces,omitempty"` // the version that ran before
	Instance string `json:"instance,omitempty"` // where it is to run; "" where it already was
	Leaves   string `json:"leaves,omitempty"`   // the instance that it leaves
}

const rolloutKey = "rollout"

// unfinishedRollout returns the rollout that private state holds, or nil.
func unfinishedRollout(ctx context.Context, private privateState, diags *diag.Diagnostics) *rollout {
	var r rollout
	if !loadPrivate(ctx, private, rolloutKey, &r, diags) || r.Version == "" {
		return nil
	}
	return &r
}

// keep records the rollout until finish.
func (r *rollout) keep(ctx context.Context, private privateState, diags *diag.Diagnostics) {
	savePrivate(ctx, private, rolloutKey, r, diags)
}

func finishRollout(ctx context.Context, private privateState, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, rolloutKey, nil)...)
}

// observe is what a refresh makes of a rollout: false means that it still goes on, and that the answer is of before its
// end.
func (r *rollout) observe(ctx context.Context, application *cloud.Application, private privateState, diags *diag.Diagnostics) bool {
	if r == nil {
		return true
	}
	if !cloud.Rollout(*r).Over(*application) {
		return false
	}
	finishRollout(ctx, private, diags)
	return true
}

// wait waits until the rollout is over, and reports where it does not get there. What somebody else has deployed or
// moved meanwhile is a warning: the rollout was accepted and is done with.
func (r *rollout) wait(ctx context.Context, client *cloud.Client, failure unready, private privateState, diags *diag.Diagnostics) (*cloud.Application, bool) {
	application, err := client.WaitApplication(ctx, failure.name, cloud.Rollout(*r))
	if err != nil {
		failure.addTo(diags, err)
		return nil, false
	}
	if !cloud.Rollout(*r).Arrived(*application) {
		r.warnOvertaken(application, diags)
	}
	finishRollout(ctx, private, diags)
	return application, true
}

// warnOvertaken names what was deployed and what runs instead.
func (r *rollout) warnOvertaken(application *cloud.Application, diags *diag.Diagnostics) {
	accepted, running := fmt.Sprintf("version %q", r.Version), fmt.Sprintf("version %q", application.Version)
	if r.Instance != "" {
		accepted += fmt.Sprintf(" on database instance %q", r.Instance)
		running += fmt.Sprintf(" on %q", application.Instance)
	}
	diags.AddWarning(fmt.Sprintf("Application %q was changed by somebody else meanwhile", application.Name),
		fmt.Sprintf("DBOS Cloud accepted %s from Terraform. Before Terraform saw it serve, somebody else deployed or moved the application. "+
			"It runs %s now. If that is wrong, find out who did it before you apply again.", accepted, running))
}
