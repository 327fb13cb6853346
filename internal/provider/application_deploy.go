// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/archive"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// planDeploy decides whether the plan deploys; state is nil for a create. If it does, the computed attributes are
// unknown until the apply. So is the hash, because the same apply may still write files. If a trigger is unknown it
// probably does, and only the apply checks the files.
func (r *applicationDeploymentResource) planDeploy(ctx context.Context, plan, state *applicationDeploymentModel, diags *diag.Diagnostics) {
	if !plan.checkChoice(state, diags) {
		return
	}
	files, hash := plan.planSource(ctx, r.hashFiles(plan, state), diags)
	if diags.HasError() {
		return
	}
	if state != nil && !plan.deploys(state, hash) {
		plan.SourceHash, plan.Version, plan.URL, plan.DatabaseName = state.SourceHash, state.Version, state.URL, state.DatabaseName
		return
	}
	plan.Version = types.StringUnknown()
	plan.SourceHash = types.StringNull()
	if !plan.SourceDir.IsNull() {
		plan.SourceHash = types.StringUnknown()
	}
	plan.URL, plan.DatabaseName = types.StringUnknown(), types.StringUnknown()
	if state != nil {
		plan.URL, plan.DatabaseName = unlessRecorded(state.URL), unlessRecorded(state.DatabaseName)
	}
	if files != nil && fullyKnown(plan.Triggers) {
		files.checkDeploy(ctx, diags)
		r.checkDatabase(ctx, plan, files, diags)
	}
	if state != nil && state.Version.IsNull() {
		diags.AddWarning(fmt.Sprintf("Application %q will be deployed", plan.ApplicationName.ValueString()),
			"The deployment was imported, and the API does not return which files run. Therefore this apply deploys once. After that, Terraform deploys only when something changes.")
	}
}

// hashFiles tells how to hash the files of a plan: not at all if that would not matter. Terraform plans an update
// twice: for the plan, after a refresh, and in another process for the apply, without one. The second time the apply
// asks for the archive next, and so the files are packed while they are read. After a plan without a refresh they are
// packed in vain.
func (r *applicationDeploymentResource) hashFiles(plan, state *applicationDeploymentModel) hashFiles {
	switch {
	case state == nil || state.SourceHash.IsNull() || plan.deploys(state, state.SourceHash):
		return nil
	case r.session == nil || r.session.refreshed.Load():
		return (*archive.Source).Hash
	}
	return (*archive.Source).HashAndPack
}

// unlessRecorded plans the recorded value, or unknown if there is none.
func unlessRecorded(recorded types.String) types.String {
	if recorded.IsNull() {
		return types.StringUnknown()
	}
	return recorded
}

// checkChoice refuses a deployment without anything to deploy, unless it was imported and has not deployed yet.
func (m *applicationDeploymentModel) checkChoice(state *applicationDeploymentModel, diags *diag.Diagnostics) bool {
	if !m.empty() || state != nil && state.Version.IsNull() {
		return true
	}
	addAttributeError(diags, "source_dir", "Nothing to deploy", "Set exactly one of source_dir and previous_version. "+
		"To remove only the deployment from the state and leave the application as it is, remove the whole resource from the configuration.")
	return false
}

func (m *applicationDeploymentModel) empty() bool {
	return m.SourceDir.IsNull() && m.PreviousVersion.IsNull()
}

// deploys tells whether the plan differs from what was deployed. An unknown value counts as different.
func (m *applicationDeploymentModel) deploys(state *applicationDeploymentModel, hash types.String) bool {
	switch {
	case m.empty():
		return false
	case state.Version.IsNull():
		return true
	case !m.PreviousVersion.IsNull() && !m.PreviousVersion.Equal(state.PreviousVersion):
		return true
	case !m.SourceDir.IsNull() && !hash.Equal(state.SourceHash):
		return true
	}
	return !sameTriggers(m.Triggers, state.Triggers)
}

// sameTriggers compares triggers. Null and an empty map are the same.
func sameTriggers(planned, recorded types.Map) bool {
	none := fullyKnown(planned) && len(planned.Elements()) == 0 && len(recorded.Elements()) == 0
	return none || planned.Equal(recorded)
}

// checkDatabase refuses files that name another database than the application has. If the look-up fails it says
// nothing, and the apply decides.
func (r *applicationDeploymentResource) checkDatabase(ctx context.Context, plan *applicationDeploymentModel, files *source, diags *diag.Diagnostics) {
	if files.Config().AppDBName == "" {
		return
	}
	if application := r.plannedApplication(ctx, plan.ApplicationName); application != nil {
		files.keepsDatabase(application, diags)
	}
}

// deploy deploys what is planned, once and only if something differs, and waits for the accepted version.
type deploy struct {
	plan    *applicationDeploymentModel
	state   *applicationDeploymentModel // nil for a create
	rollout *rollout                    // to wait for, also of an earlier apply; nil if there is none
	failure unready
	private privateState
	save    func() // stores plan
}

func (d *deploy) run(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) {
	if d.plan.Version.IsUnknown() && !d.send(ctx, client, diags) {
		return
	}
	if d.rollout != nil {
		url, database := d.plan.URL, d.plan.DatabaseName
		nullIfUnknown(&d.plan.URL, &d.plan.DatabaseName)
		d.rollout.keep(ctx, d.private, diags)
		d.save()
		application, ok := d.rollout.wait(ctx, client, d.failure, d.private, diags)
		if !ok {
			return
		}
		d.plan.URL, d.plan.DatabaseName = url, database
		settle(&d.plan.URL, application.URL)
		settle(&d.plan.DatabaseName, application.Database)
	}
	d.save()
}

// send deploys the files as they are now, unless they are the ones that were deployed before.
func (d *deploy) send(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) bool {
	var (
		files  *source
		packed *archive.Archive
	)
	hash := types.StringNull()
	if !d.plan.SourceDir.IsNull() {
		if files, packed = d.plan.packSource(ctx, diags); packed == nil {
			return false
		}
		defer packed.Close()
		hash = types.StringValue(packed.Hash())
	}
	if d.state != nil && !d.plan.deploys(d.state, hash) {
		d.plan.SourceHash, d.plan.Version = d.state.SourceHash, d.state.Version
		if d.rollout == nil {
			d.plan.URL, d.plan.DatabaseName = ifUnknown(d.plan.URL, d.state.URL), ifUnknown(d.plan.DatabaseName, d.state.DatabaseName)
		}
		return true
	}
	deployer, ok := deployerOf(ctx, client, d.failure.name, d.plan.PreviousVersion, diags)
	if !ok {
		return false
	}
	defer deployer.Close()
	if files != nil && !files.keepsDatabase(&deployer.Application, diags) {
		return false
	}
	version, err := d.accepted(ctx, deployer, packed)
	if err != nil {
		addError(diags, fmt.Sprintf("Cannot deploy application %q", d.failure.name), err, "The state does not record it as deployed. Remove the cause and apply again to deploy it.")
		return false
	}
	d.rollout = &rollout{Version: version, Replaces: deployer.Application.Version}
	d.plan.Version, d.plan.SourceHash = types.StringValue(version), hash
	return true
}

// accepted sends the archive, or deploys the earlier version if there is no archive, and returns the accepted version.
func (d *deploy) accepted(ctx context.Context, deployer *cloud.Deployer, packed *archive.Archive) (string, error) {
	if packed == nil {
		return deployer.DeployVersion(ctx, d.plan.PreviousVersion.ValueString())
	}
	return deployer.Deploy(ctx, packed)
}

func nullIfUnknown(texts ...*types.String) {
	for _, text := range texts {
		*text = ifUnknown(*text, types.StringNull())
	}
}

func ifUnknown(planned, otherwise types.String) types.String {
	if planned.IsUnknown() {
		return otherwise
	}
	return planned
}
