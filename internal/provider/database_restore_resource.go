// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/timestamp"
)

const databaseRestoreType = "dbos_database_restore"

// freeRetention is how far back the free tier's backups reach. Other plans reach further, which only the server knows.
const freeRetention = 24 * time.Hour

func newDatabaseRestoreResource() resource.Resource {
	r := &databaseRestoreResource{now: time.Now}
	r.typeName, r.own = databaseRestoreType, r
	r.importing = importing{keys: []key{instanceKey}, idText: "The import id of a database instance is its name."}
	return r
}

// databaseRestoreResource restores a database instance to a point in time, into a new instance: the counterpart of
// "dbos-cloud db restore".
type databaseRestoreResource struct {
	managedInstance[databaseRestoreModel, *databaseRestoreModel]
	now func() time.Time
}

type databaseRestoreModel struct {
	instanceModel
	SourceInstanceName types.String `tfsdk:"source_instance_name"`
	RestoreTimestamp   types.String `tfsdk:"restore_timestamp"`
}

func (r *databaseRestoreResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := instanceAttributes()
	attributes["username"] = computedText("Role that you log in with. It is the role of the source.")
	attributes["source_instance_name"] = schema.StringAttribute{
		Optional: true,
		Computed: true,
		MarkdownDescription: "Database instance to restore from; not a linked database. It is required for a new restore and cannot change afterwards. " +
			"You can then remove it from the configuration, and destroy the source.",
		Validators:    []validator.String{rule("source instance name", "3 to 30 characters of a-z, 0-9, _ and -", cloud.CheckInstanceName)},
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
	attributes["restore_timestamp"] = schema.StringAttribute{
		Optional: true,
		Computed: true,
		MarkdownDescription: "Point in time to restore, in RFC 3339 format with its zone, such as `2026-11-25T13:45:30.25Z`. It must be in the past, and not before the oldest backup of the source " +
			"(24 hours ago on the free tier). It is required for a new restore and cannot change afterwards. You can then remove it from the configuration, or write the same time in another zone.",
		Validators:    []validator.String{rule("restore timestamp", "a time in RFC 3339 format", checkTimestamp)},
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Restores a database instance to a point in time. The result is a new instance; the source is not changed. " +
			"The new instance has the roles and passwords of that time, unless you set a password here.\n\n" +
			"~> **Destroying a restored instance irreversibly deletes all data in it.** `deletion_protection` is on by default and prevents this: " +
			"a plan that destroys or replaces the instance fails, and `-replace`, a taint and `replace_triggered_by` fail during the apply, before anything is changed.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *databaseRestoreResource) plan(ctx context.Context, o *operation[databaseRestoreModel]) {
	plan, state := o.plan, o.state
	switch {
	case plan == nil:
		state.protection(r.typeName).refuseDestroy(o.diags)
	case state == nil:
		r.planCreate(ctx, plan, o.config, o.diags)
	case !plan.Name.Equal(state.Name):
		state.protection(r.typeName).refuseReplacement("name", plan.DeletionProtection, o.diags)
	default:
		plan.keepOrigin(o.config, state, o.diags)
		plan.planUpdate(&o.config.instanceModel, &state.instanceModel, o.diags)
		o.save(ctx, plan)
	}
}

func (r *databaseRestoreResource) create(ctx context.Context, o *operation[databaseRestoreModel]) {
	plan := o.plan
	if !o.connect(ctx) || !sourceReady(ctx, o.client, plan.SourceInstanceName.ValueString(), o.diags) {
		return
	}
	at, err := timestamp.Parse(plan.RestoreTimestamp.ValueString())
	if err != nil {
		addAttributeError(o.diags, "restore_timestamp", "Invalid restore timestamp", sentence(err.Error()))
		return
	}

	state := *plan
	state.made(o.organization)
	state.passwordModel = passwordModel{}
	s := readySteps{
		client: o.client, until: cloud.Created, model: &state.instanceModel,
		password: plan.passwordModel, secret: o.config.password().configured(),
		failure: r.unready(&plan.instanceModel, "create", true),
		save:    func() { o.save(ctx, &state) },
	}
	_, err = o.client.RestoreInstance(ctx, cloud.RestoreInstance{
		Source: plan.SourceInstanceName.ValueString(), Name: plan.Name.ValueString(), Time: at,
	})
	if s.accepted(err, o.diags) {
		s.run(ctx, o.diags)
	}
}

// planCreate checks a restore that is still to be made. Only then does it compare the time with the present.
func (r *databaseRestoreResource) planCreate(ctx context.Context, plan, config *databaseRestoreModel, diags *diag.Diagnostics) {
	checkNew("instance name", "name", plan.Name, cloud.CheckNewInstanceName, diags)
	if config.SourceInstanceName.IsNull() {
		addAttributeError(diags, "source_instance_name", "Missing source", "A restore needs the name of the database instance to restore from. Set source_instance_name.")
	}
	if config.RestoreTimestamp.IsNull() {
		addAttributeError(diags, "restore_timestamp", "Missing restore timestamp", "A restore needs the point in time to restore. Set restore_timestamp.")
	}
	config.password().requireForVersion(diags)
	r.checkAge(config.RestoreTimestamp, diags)

	source := config.SourceInstanceName
	if source.IsNull() || source.IsUnknown() {
		return
	}
	if source.Equal(plan.Name) {
		addAttributeError(diags, "source_instance_name", "The source cannot be the target",
			fmt.Sprintf("A restore creates a new database instance, so %q cannot be restored into itself. Choose another name for the new instance.", source.ValueString()))
		return
	}
	client := r.session.planningClient()
	if client == nil {
		return
	}
	// A look-up that fails reports nothing: the same apply may create the source, and the apply decides.
	if instance, err := client.Instance(ctx, source.ValueString()); err == nil {
		restorable(instance, diags)
	}
}

func (r *databaseRestoreResource) checkAge(configured types.String, diags *diag.Diagnostics) {
	at, err := timestamp.Parse(configured.ValueString())
	if err != nil {
		return
	}
	age := r.now().Sub(at)
	switch {
	case age < 0:
		addAttributeError(diags, "restore_timestamp", "The restore timestamp is in the future",
			fmt.Sprintf("%s is %s from now. Set a point in time in the past, and check its time zone.", configured.ValueString(), (-age).Round(time.Second)))
	case age > freeRetention:
		diags.AddAttributeWarning(path.Root("restore_timestamp"), "The restore timestamp is more than 24 hours ago",
			fmt.Sprintf("%s is %s ago. Backups of the free tier reach back 24 hours. DBOS Cloud refuses a time before the oldest backup of the source.", configured.ValueString(), age.Round(time.Minute)))
	}
}

// restorable refuses a linked database as source.
func restorable(source *cloud.Instance, diags *diag.Diagnostics) bool {
	if source.Linked {
		addAttributeError(diags, "source_instance_name", fmt.Sprintf("Database instance %q cannot be restored", source.Name),
			"It is a linked database, and DBOS Cloud has no backups of it. Restore it on its own server, from your own backups.")
	}
	return !source.Linked
}

// sourceReady waits for a source that is still being created, and refuses a source that cannot be restored.
func sourceReady(ctx context.Context, client *cloud.Client, name string, diags *diag.Diagnostics) bool {
	source, err := client.WaitInstance(ctx, name, cloud.Ready)
	var wait *cloud.WaitError
	switch {
	case cloud.IsNotFound(err):
		addAttributeError(diags, "source_instance_name", fmt.Sprintf("Database instance %q does not exist", name),
			sentence(err.Error())+" Nothing was changed. Check the name of the instance to restore from.")
	case errors.As(err, &wait):
		addAttributeError(diags, "source_instance_name", fmt.Sprintf("Database instance %q is not ready to be restored from", name),
			lastStatus(wait)+" Nothing was changed. Apply again when it is available.")
	case err != nil:
		addError(diags, fmt.Sprintf("Cannot read database instance %q, the source of the restore", name), err, "Nothing was changed. "+applyAgain)
	default:
		return restorable(source, diags)
	}
	return false
}

// keepOrigin keeps source and time of a restore that was made. If the state has none, as after an import, the
// configured ones are recorded without a call.
func (m *databaseRestoreModel) keepOrigin(config, state *databaseRestoreModel, diags *diag.Diagnostics) {
	same := func(a, b types.String) bool { return a.Equal(b) }
	m.SourceInstanceName = m.origin("source_instance_name", config.SourceInstanceName, state.SourceInstanceName, same, diags)
	m.RestoreTimestamp = m.origin("restore_timestamp", config.RestoreTimestamp, state.RestoreTimestamp, sameInstant, diags)
}

func (m *databaseRestoreModel) origin(attribute string, config, state types.String, same func(a, b types.String) bool, diags *diag.Diagnostics) types.String {
	switch {
	case state.IsNull() && config.IsNull():
		return state
	case state.IsNull():
		return config
	case config.IsNull() || same(config, state):
		return state
	case config.IsUnknown():
		diags.AddAttributeWarning(path.Root(attribute), fmt.Sprintf("Database instance %q is restored already", m.Name.ValueString()),
			fmt.Sprintf("%s is only known after apply. The new value is ignored and %q stays: an instance is restored only once.", attribute, state.ValueString()))
		return state
	}
	addAttributeError(diags, attribute, fmt.Sprintf("Database instance %q is restored already", m.Name.ValueString()),
		fmt.Sprintf("It was restored with %s = %q, which cannot be changed. To restore again, choose another name for another instance.\n\n"+
			"To replace this instance and lose its data, set the old value again, set deletion_protection = false and apply; then write the new value, run terraform taint %s.NAME, with the address that the plan shows, and apply. "+
			"(-replace would end in this error again, and a destroy needs the old value or -refresh=false.)", attribute, state.ValueString(), databaseRestoreType))
	return state
}
