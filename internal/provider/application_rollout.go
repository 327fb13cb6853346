// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// rollout is a version of an application that the control plane has accepted and that may not serve yet. Private state
// keeps it, so that the apply after an interrupted one waits for it and does not deploy again.
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

// observe compares a rollout with the application that a refresh has read, and forgets a rollout that is over. It
// returns false if the rollout still goes on.
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

// wait waits until the rollout is over, or reports why the wait ended before. If somebody else has deployed or moved
// the application meanwhile, it only warns: the rollout was accepted, and it is over.
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
