// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// memoryKey holds, in private state, the memory that the control plane went on
// answering after another one was set: a setting takes effect at the next
// deploy, and the old value is no difference until then.
const memoryKey = "memory_in_effect"

// planCreate holds the rules of an application that is still to be registered.
func (m *applicationModel) planCreate(config *applicationModel, diags *diag.Diagnostics) {
	checkNew("application name", "name", m.Name, cloud.CheckNewApplicationName, diags)
	if config.Language.IsNull() {
		addAttributeError(diags, "language", "Missing language", "A new application needs a language: node, python, go or java.")
	}
	// No call answers these, so that they are known to stay unset.
	if config.MinExecutors.IsNull() {
		m.MinExecutors = types.Int64Null()
	}
	if config.MaxExecutors.IsNull() {
		m.MaxExecutors = types.Int64Null()
	}
}

// planProtection plans the default of deletion_protection. A state from before there was one keeps its null, so that
// its plan stays empty.
func (m *applicationModel) planProtection(config, state *applicationModel) {
	switch {
	case !config.DeletionProtection.IsNull():
	case state != nil && state.DeletionProtection.IsNull():
		m.DeletionProtection = types.BoolNull()
	default:
		m.DeletionProtection = types.BoolValue(false)
	}
}

// keepFixed refuses to change what is fixed once an application is registered.
// What the state does not know is recorded without a call.
func (m *applicationModel) keepFixed(state *applicationModel, imported bool, diags *diag.Diagnostics) {
	if m.Language.IsUnknown() && !state.Language.IsNull() {
		m.Language = state.Language
	}
	if !state.Language.IsNull() && !m.Language.Equal(state.Language) {
		m.refuseChange("language", state.Language.ValueString(), diags)
	}
	if m.TimeTravel.IsUnknown() && !state.TimeTravel.IsNull() {
		m.TimeTravel = state.TimeTravel
	}
	switch {
	case state.TimeTravel.IsNull() || m.TimeTravel.Equal(state.TimeTravel):
	case imported:
		diags.AddAttributeWarning(path.Root("time_travel"), fmt.Sprintf("time_travel of application %q is recorded as configured", m.Name.ValueString()),
			"The application was imported, and no call tells whether it has time travel. Applying this plan sends nothing, and makes nothing of it that it is not.")
	default:
		m.refuseChange("time_travel", fmt.Sprint(state.TimeTravel.ValueBool()), diags)
	}
}

func (m *applicationModel) refuseChange(attribute, value string, diags *diag.Diagnostics) {
	addAttributeError(diags, attribute, fmt.Sprintf("Application %q is registered already", m.Name.ValueString()),
		fmt.Sprintf("It was registered with %s = %s, which cannot be changed. Put the old value back. "+
			"To register the application anew instead, run: terraform taint %s.NAME, and apply; its versions and its secrets go with it.", attribute, value, applicationType))
}

// checkExecutors compares the two limits as they will be.
func (m *applicationModel) checkExecutors(diags *diag.Diagnostics) {
	if isSet(m.MinExecutors) && isSet(m.MaxExecutors) && m.MinExecutors.ValueInt64() > m.MaxExecutors.ValueInt64() {
		addAttributeError(diags, "min_executors", "Invalid number of executors",
			fmt.Sprintf("min_executors %d is above max_executors %d. Lower the one or raise the other.", m.MinExecutors.ValueInt64(), m.MaxExecutors.ValueInt64()))
	}
}

// checkMove says in the plan what a changed instance will do.
func (r *applicationResource) checkMove(ctx context.Context, plan, state *applicationModel, diags *diag.Diagnostics) {
	if !plan.DatabaseInstanceName.Equal(state.DatabaseInstanceName) {
		plan.move().check(r.plannedApplication(ctx, state.Name), diags)
	}
}

// move is the move to the planned instance.
func (m *applicationModel) move() plannedMove {
	return plannedMove{resource: applicationType, target: m.DatabaseInstanceName, version: m.PreviousVersion}
}

// reportRegistration handles the outcome of a registration, and tells whether
// the create may go on.
func reportRegistration(plan *applicationModel, err error, save func(), diags *diag.Diagnostics) bool {
	instance := plan.DatabaseInstanceName.ValueString()
	var refused *cloud.Error
	if errors.As(err, &refused) && strings.Contains(refused.Message, "database "+instance+" not found") {
		addAttributeError(diags, "database_instance_name", fmt.Sprintf("Database instance %q does not exist", instance),
			sentence(err.Error())+" Nothing was registered. Check the name of the instance; none is ever made by referring to it.")
		return false
	}
	return creation{
		resource: applicationType, object: plan.label(), id: plan.Name.ValueString(), verb: "register", failed: "Nothing was added to the state.",
	}.report(err, save, diags)
}

// observeMemory takes over the answered memory, unless it is the one that was
// in effect before the last change and still is.
func (m *applicationModel) observeMemory(ctx context.Context, application *cloud.Application, private privateState, diags *diag.Diagnostics) {
	var inEffect int64
	waiting := loadPrivate(ctx, private, memoryKey, &inEffect, diags)
	if application.MemoryMiB == 0 || waiting && application.MemoryMiB == inEffect {
		return
	}
	m.ExecutorsMemoryMiB = types.Int64Value(application.MemoryMiB)
	diags.Append(private.SetKey(ctx, memoryKey, nil)...)
}

// observeAfterWrite takes over the answered memory where none was asked for,
// and remembers one that another was asked for in the place of.
func (m *applicationModel) observeAfterWrite(ctx context.Context, application *cloud.Application, private privateState, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, memoryKey, nil)...)
	switch {
	case application.MemoryMiB == 0:
	case m.ExecutorsMemoryMiB.IsNull():
		m.ExecutorsMemoryMiB = types.Int64Value(application.MemoryMiB)
	case m.ExecutorsMemoryMiB.ValueInt64() != application.MemoryMiB:
		savePrivate(ctx, private, memoryKey, application.MemoryMiB, diags)
	}
}

// hold puts back what an update has not done yet.
func (m *applicationModel) hold(state *applicationModel) {
	m.DatabaseInstanceName = state.DatabaseInstanceName
	m.ExecutorsMemoryMiB, m.MinExecutors, m.MaxExecutors = state.ExecutorsMemoryMiB, state.MinExecutors, state.MaxExecutors
	m.ApplicationID, m.DatabaseName, m.URL = state.ApplicationID, state.DatabaseName, state.URL
	if m.Language.IsUnknown() {
		m.Language = state.Language
	}
}

// applicationUpdate brings a registered application to the state that was
// planned: its settings, then its instance, then a wait. What is true is saved
// after each step.
type applicationUpdate struct {
	plan     *applicationModel
	next     applicationModel
	settings cloud.ApplicationUpdate
	moves    bool
	rollout  *rollout // to be waited for; nil for none
	private  privateState
	save     func()
}

func (u *applicationUpdate) callsNothing() bool {
	return u.settings == (cloud.ApplicationUpdate{}) && !u.moves && u.rollout == nil
}

func (u *applicationUpdate) run(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) {
	if !u.set(ctx, client, diags) || u.moves && !u.move(ctx, client, diags) || u.rollout == nil {
		return
	}
	failure := applicationUnready(applicationType, u.plan.Name.ValueString(), "update", false)
	if application, ok := u.rollout.wait(ctx, client, failure, u.private, diags); ok {
		u.next.DatabaseName, u.next.URL = u.plan.DatabaseName, u.plan.URL
		settle(&u.next.DatabaseName, application.Database)
		settle(&u.next.URL, application.URL)
		u.save()
	}
}

// set changes the settings. They come before a move, which is a deploy and so
// puts them into effect.
func (u *applicationUpdate) set(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) bool {
	name := u.plan.Name.ValueString()
	if err := client.UpdateApplication(ctx, name, u.settings); err != nil {
		addError(diags, "Cannot change the settings of "+u.plan.label(), err, "They are recorded as they were; apply again once the cause is removed.")
		return false
	}
	u.next.ExecutorsMemoryMiB, u.next.MinExecutors, u.next.MaxExecutors = u.plan.ExecutorsMemoryMiB, u.plan.MinExecutors, u.plan.MaxExecutors
	u.save()
	if u.settings.MemoryMiB == nil {
		return true
	}
	// A look that fails costs no more than one superfluous difference later.
	if application, err := client.FreshApplication(ctx, name); err == nil {
		u.next.observeAfterWrite(ctx, application, u.private, diags)
	}
	return true
}

// move moves the application with the version that is asked for, unless somebody has moved it already.
func (u *applicationUpdate) move(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) bool {
	target := u.plan.DatabaseInstanceName.ValueString()
	summary := fmt.Sprintf("Cannot move %s to database instance %q", u.plan.label(), target)
	application, err := client.FreshApplication(ctx, u.plan.Name.ValueString())
	switch {
	case err != nil:
		addError(diags, summary, err, "Nothing was sent.")
		return false
	case application.Instance == target:
		u.rollout = nil
		finishRollout(ctx, u.private, diags)
	case application.Version == "":
		u.plan.move().refuseUndeployed(application, diags)
		return false
	case !u.plan.PreviousVersion.IsNull() && !hasVersion(ctx, client, application.Name, u.plan.PreviousVersion.ValueString(), diags):
		return false
	default:
		version := application.Version
		if chosen := u.plan.PreviousVersion.ValueString(); chosen != "" {
			version = chosen
		}
		u.rollout, err = move(ctx, client, application, target, version)
		if err != nil {
			addError(diags, summary, err, fmt.Sprintf("As far as Terraform knows it is still on %q; the next plan looks again.", application.Instance))
			return false
		}
		u.rollout.keep(ctx, u.private, diags)
	}
	u.next.DatabaseInstanceName = u.plan.DatabaseInstanceName
	u.save()
	return true
}
