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

// memoryKey holds, in private state, the memory that is still in effect. A new setting takes effect at the next deploy;
// until then the control plane answers the old value, which is no difference.
const memoryKey = "memory_in_effect"

// planCreate checks an application that is still to be registered.
func (m *applicationModel) planCreate(config *applicationModel, diags *diag.Diagnostics) {
	checkNew("application name", "name", m.Name, cloud.CheckNewApplicationName, diags)
	if config.Language.IsNull() {
		addAttributeError(diags, "language", "Missing language", "A new application needs a language: node, python, go or java.")
	}
	// The API never returns these: they stay null.
	if config.MinExecutors.IsNull() {
		m.MinExecutors = types.Int64Null()
	}
	if config.MaxExecutors.IsNull() {
		m.MaxExecutors = types.Int64Null()
	}
}

// planProtection plans the default of deletion_protection. A state that was written before the attribute existed keeps
// its null, so that its plan is empty.
func (m *applicationModel) planProtection(config, state *applicationModel) {
	switch {
	case !config.DeletionProtection.IsNull():
	case state != nil && state.DeletionProtection.IsNull():
		m.DeletionProtection = types.BoolNull()
	default:
		m.DeletionProtection = types.BoolValue(false)
	}
}

// keepFixed refuses to change language and time_travel, which are fixed once an application is registered. A value that
// the state lacks is recorded without a call.
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
			"The application was imported, and the API does not return whether it has time travel. This apply only writes the value to the state.")
	default:
		m.refuseChange("time_travel", fmt.Sprint(state.TimeTravel.ValueBool()), diags)
	}
}

func (m *applicationModel) refuseChange(attribute, value string, diags *diag.Diagnostics) {
	addAttributeError(diags, attribute, fmt.Sprintf("Application %q is registered already", m.Name.ValueString()),
		fmt.Sprintf("It was registered with %s = %s, which cannot be changed. Set the old value again. "+
			"To delete the application, its versions and its secrets, and register it again, run terraform taint %s.NAME, with the address that the plan shows, and apply.", attribute, value, applicationType))
}

// checkExecutors refuses a lower limit above the upper one.
func (m *applicationModel) checkExecutors(diags *diag.Diagnostics) {
	if isSet(m.MinExecutors) && isSet(m.MaxExecutors) && m.MinExecutors.ValueInt64() > m.MaxExecutors.ValueInt64() {
		addAttributeError(diags, "min_executors", "Invalid number of executors",
			fmt.Sprintf("min_executors is %d, and max_executors is only %d. Lower min_executors or raise max_executors.", m.MinExecutors.ValueInt64(), m.MaxExecutors.ValueInt64()))
	}
}

// checkMove warns in the plan of what a move will do.
func (r *applicationResource) checkMove(ctx context.Context, plan, state *applicationModel, diags *diag.Diagnostics) {
	if !plan.DatabaseInstanceName.Equal(state.DatabaseInstanceName) {
		plan.move().check(r.plannedApplication(ctx, state.Name), diags)
	}
}

// move is the move to the planned instance.
func (m *applicationModel) move() plannedMove {
	return plannedMove{resource: applicationType, target: m.DatabaseInstanceName, version: m.PreviousVersion}
}

// reportRegistration reports a failed registration, and returns whether the create may go on.
func reportRegistration(plan *applicationModel, err error, save func(), diags *diag.Diagnostics) bool {
	instance := plan.DatabaseInstanceName.ValueString()
	var refused *cloud.Error
	if errors.As(err, &refused) && strings.Contains(refused.Message, "database "+instance+" not found") {
		addAttributeError(diags, "database_instance_name", fmt.Sprintf("Database instance %q does not exist", instance),
			sentence(err.Error())+" Nothing was registered. Check the name, or create the instance with dbos_database_instance and refer to its id.")
		return false
	}
	return createCall{
		resource: applicationType, object: plan.label(), id: plan.Name.ValueString(), verb: "register", failed: notAdded,
	}.report(err, save, diags)
}

// observeMemory records the answered memory, unless it is the old one that is still in effect.
func (m *applicationModel) observeMemory(ctx context.Context, application *cloud.Application, private privateState, diags *diag.Diagnostics) {
	var inEffect int64
	waiting := loadPrivate(ctx, private, memoryKey, &inEffect, diags)
	if application.MemoryMiB == 0 || waiting && application.MemoryMiB == inEffect {
		return
	}
	m.ExecutorsMemoryMiB = types.Int64Value(application.MemoryMiB)
	diags.Append(private.SetKey(ctx, memoryKey, nil)...)
}

// observeAfterWrite records the answered memory if none is configured. If another one is configured, it remembers the
// answered one as the memory that is still in effect.
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

// hold keeps the recorded values of everything that the update has not changed yet.
func (m *applicationModel) hold(state *applicationModel) {
	m.DatabaseInstanceName = state.DatabaseInstanceName
	m.ExecutorsMemoryMiB, m.MinExecutors, m.MaxExecutors = state.ExecutorsMemoryMiB, state.MinExecutors, state.MaxExecutors
	m.ApplicationID, m.DatabaseName, m.URL = state.ApplicationID, state.DatabaseName, state.URL
	if m.Language.IsUnknown() {
		m.Language = state.Language
	}
}

// applicationUpdate changes a registered application as planned: first its settings, then its instance. Then it waits.
// It saves the state after each step.
type applicationUpdate struct {
	plan     *applicationModel
	next     applicationModel
	settings cloud.ApplicationUpdate
	moves    bool
	rollout  *rollout // to wait for; nil if there is none
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

// set changes the settings. It comes before a move, because a move deploys and so puts them into effect.
func (u *applicationUpdate) set(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) bool {
	name := u.plan.Name.ValueString()
	if err := client.UpdateApplication(ctx, name, u.settings); err != nil {
		addError(diags, "Cannot change the settings of "+u.plan.label(), err, "The state still has the previous settings. Remove the cause and apply again.")
		return false
	}
	u.next.ExecutorsMemoryMiB, u.next.MinExecutors, u.next.MaxExecutors = u.plan.ExecutorsMemoryMiB, u.plan.MinExecutors, u.plan.MaxExecutors
	u.save()
	if u.settings.MemoryMiB == nil {
		return true
	}
	// If this read fails, a later plan may show the old memory as a difference; nothing worse.
	if application, err := client.FreshApplication(ctx, name); err == nil {
		u.next.observeAfterWrite(ctx, application, u.private, diags)
	}
	return true
}

// move moves the application to the planned instance, unless somebody has done so already.
func (u *applicationUpdate) move(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) bool {
	target := u.plan.DatabaseInstanceName.ValueString()
	summary := fmt.Sprintf("Cannot move %s to database instance %q", u.plan.label(), target)
	deployer, err := client.NewDeployer(ctx, u.plan.Name.ValueString())
	if err != nil {
		addError(diags, summary, err, "Nothing was changed. "+applyAgain)
		return false
	}
	defer deployer.Close()
	application := &deployer.Application
	switch {
	case application.Instance == target:
		u.rollout = nil
		finishRollout(ctx, u.private, diags)
	case application.Version == "":
		u.plan.move().refuseUndeployed(application, diags)
		return false
	case !u.plan.PreviousVersion.IsNull() && !hasVersion(ctx, deployer, u.plan.PreviousVersion.ValueString(), diags):
		return false
	default:
		version := application.Version
		if chosen := u.plan.PreviousVersion.ValueString(); chosen != "" {
			version = chosen
		}
		u.rollout, err = move(ctx, deployer, target, version)
		if err != nil {
			addError(diags, summary, err, fmt.Sprintf("It is probably still on %q. Remove the cause and apply again: the next plan reads where it is.", application.Instance))
			return false
		}
		u.rollout.keep(ctx, u.private, diags)
	}
	u.next.DatabaseInstanceName = u.plan.DatabaseInstanceName
	u.save()
	return true
}
