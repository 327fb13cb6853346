// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// plannedMove is a move of an application to another database instance, before anything is sent.
type plannedMove struct {
	resource string       // type of the resource that moves it
	target   types.String // database instance; may be unknown
	version  types.String // previous_version that the move deploys; null for the version that runs
}

// check warns in the plan of what the move will do. A move that cannot work is an error only if the same apply cannot
// deploy the application first.
func (m plannedMove) check(application *cloud.Application, diags *diag.Diagnostics) {
	switch {
	case application == nil || application.Instance == m.target.ValueString():
	case application.Version != "":
		m.warn(application, diags)
	case m.resource == applicationType && !m.target.IsUnknown():
		m.refuseUndeployed(application, diags)
	default:
		diags.AddAttributeWarning(path.Root("database_instance_name"), undeployedSummary(application), m.unknownTarget()+
			fmt.Sprintf("This apply can move the application only if it also deploys it first. %s", m.wayOfUndeployed(application)))
	}
}

// warn names the version whose migrations will run on the new instance.
func (m plannedMove) warn(application *cloud.Application, diags *diag.Diagnostics) {
	version, why := fmt.Sprintf("version %q", application.Version), "This version runs now."
	if !m.version.IsNull() && m.version.ValueString() != application.Version {
		version = versionText(m.version)
		why = fmt.Sprintf("previous_version selects it. Version %q runs now.", application.Version)
	}
	diags.AddAttributeWarning(path.Root("database_instance_name"),
		fmt.Sprintf("Moving application %q runs the migrations of %s on %s", application.Name, version, m.targetText()),
		fmt.Sprintf("%s%s A move deploys the version on the new instance, and the migrations change the data there. "+
			"If these migrations damaged the data on %q, set previous_version to an earlier version without them: "+
			"data.dbos_application_versions finds the version that ran at a given time.", m.unknownTarget(), why, application.Instance))
}

// refuseUndeployed refuses to move an application that has no version yet.
func (m plannedMove) refuseUndeployed(application *cloud.Application, diags *diag.Diagnostics) {
	addAttributeError(diags, "database_instance_name", undeployedSummary(application), "Nothing was changed. "+m.wayOfUndeployed(application))
}

func undeployedSummary(application *cloud.Application) string {
	return fmt.Sprintf("Application %q cannot be moved before its first deploy", application.Name)
}

// wayOfUndeployed says how an application without a version comes to another instance.
func (m plannedMove) wayOfUndeployed(application *cloud.Application) string {
	target := "INSTANCE"
	if !m.target.IsUnknown() {
		target = m.target.ValueString()
	}
	text := fmt.Sprintf("It is registered on database instance %q and has no version to run on %s. "+
		"It has no data to lose: delete it, register it on the new instance, and set its secrets again. ", application.Instance, m.targetText())
	if m.resource == applicationType {
		return text + fmt.Sprintf("Terraform does this if you run terraform taint %s.NAME, with the address that the plan shows, and apply. "+
			"Set the secrets that Terraform does not manage by hand. "+
			"(If deletion_protection is true, first set the previous database_instance_name again, set deletion_protection = false and apply.)", applicationType)
	}
	return text + fmt.Sprintf("When the new instance exists, run these commands and apply again:\n  npx dbos-cloud app delete %s\n  npx dbos-cloud app register %s -d %s",
		application.Name, application.Name, target)
}

func (m plannedMove) targetText() string {
	if m.target.IsUnknown() {
		return "another database instance"
	}
	return fmt.Sprintf("database instance %q", m.target.ValueString())
}

func (m plannedMove) unknownTarget() string {
	if !m.target.IsUnknown() {
		return ""
	}
	return "The new instance is only known after apply. If it is the current one, nothing is moved. "
}

// versionText names a planned version, which need not be known.
func versionText(version types.String) string {
	if version.IsUnknown() {
		return "the version in previous_version, which is only known after apply,"
	}
	return fmt.Sprintf("version %q", version.ValueString())
}

// plannedApplication looks an application up for a plan. It is nil where that fails, since apply decides.
func (b *resourceBase) plannedApplication(ctx context.Context, name types.String) *cloud.Application {
	client := b.session.planningClient()
	if !isSet(name) || client == nil {
		return nil
	}
	application, err := client.Application(ctx, name.ValueString())
	if err != nil {
		return nil
	}
	return application
}

// move moves an application to another instance with one of its versions and returns the rollout of that.
func move(ctx context.Context, deployer *cloud.Deployer, target, version string) (*rollout, error) {
	accepted, err := deployer.ChangeInstance(ctx, target, version)
	if err != nil {
		return nil, err
	}
	before := deployer.Application
	return &rollout{Version: accepted, Replaces: before.Version, Instance: target, Leaves: before.Instance}, nil
}
