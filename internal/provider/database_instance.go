// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// The limits of operations whose timeouts block names none. A database
// instance takes minutes, a restore of a large one much longer.
const (
	defaultCreateTimeout = 60 * time.Minute
	defaultUpdateTimeout = 30 * time.Minute
	defaultDeleteTimeout = 30 * time.Minute
)

// instanceModel is what all resources that are a provisioned database instance
// have in common, however the instance was made.
type instanceModel struct {
	ID           types.String `tfsdk:"id"`
	Organization types.String `tfsdk:"organization"`
	Name         types.String `tfsdk:"name"`
	Username     types.String `tfsdk:"username"`
	passwordModel
	DeletionProtection types.Bool     `tfsdk:"deletion_protection"`
	Hostname           types.String   `tfsdk:"hostname"`
	Port               types.Int64    `tfsdk:"port"`
	AdminUsername      types.String   `tfsdk:"admin_username"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`
}

// instanceBase is the part of such a resource that does not depend on how the
// instance was made.
type instanceBase struct {
	resourceBase
	typeName string
}

// instanceAttributes are the attributes of instanceModel but for username,
// which is configured or computed.
func instanceAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The name, once the instance is made. Refer to the instance through it, so that nothing looks it up before it exists.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"organization": organizationAttribute(),
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name of the database instance. A new one has 3 to 16 characters of `a-z`, `0-9` and `_`; older ones of up to 30 characters, also with `-`, can be imported. " +
				"Another name is another instance.",
			Validators:    []validator.String{rule("instance name", "3 to 30 characters of a-z, 0-9, _ and -", cloud.CheckInstanceName)},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"deletion_protection": protectionAttribute(),
		"hostname": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Host name of the database server.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"port": schema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "Port of the database server.",
			PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
		},
		"admin_username": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Role by which DBOS Cloud itself administers the instance; null where the control plane does not tell.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
	}
	maps.Copy(attributes, passwordAttributes("the role `username`"))
	return attributes
}

// replaceIfKnownBefore replaces the object when the value changes, but never
// for a value that the state lacks since no answer told it.
func replaceIfKnownBefore() planmodifier.String {
	const description = "Another value is another object; one that was not known before changes nothing."
	return stringplanmodifier.RequiresReplaceIf(func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
		resp.RequiresReplace = !req.StateValue.IsNull()
	}, description, description)
}

// timeoutsBlock is the timeouts block of every resource.
func timeoutsBlock(ctx context.Context) schema.Block {
	return timeouts.Block(ctx, timeouts.Opts{
		Create: true, Update: true, Delete: true,
		CreateDescription: "How long a create may take, such as `90m`. Default: `60m`.",
		UpdateDescription: "How long an update may take. Default: `30m`.",
		DeleteDescription: "How long a delete may take. Default: `30m`.",
	})
}

// withTimeout bounds an operation by its entry in the timeouts block.
func withTimeout(ctx context.Context, limit func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), otherwise time.Duration, diags *diag.Diagnostics) (context.Context, context.CancelFunc) {
	timeout, problems := limit(ctx, otherwise)
	diags.Append(problems...)
	return context.WithTimeout(ctx, timeout)
}

// label names the instance in messages.
func (m *instanceModel) label() string {
	return fmt.Sprintf("database instance %q", m.Name.ValueString())
}

func (m *instanceModel) protection(typeName string) protection {
	return protection{resource: typeName, name: m.Name.ValueString(), enabled: m.DeletionProtection}
}

// unfinished tells that the instance was made but never seen ready. The null
// host name is the mark of it, and makes the next plan an update that waits.
func (m *instanceModel) unfinished() bool { return m.Hostname.IsNull() }

// made records an instance whose creation the control plane has accepted, and
// nothing that it has not told yet.
func (m *instanceModel) made(organization types.String) {
	m.ID = m.Name
	m.Organization = organization
	m.Hostname, m.Port, m.AdminUsername = types.StringNull(), types.Int64Null(), types.StringNull()
	if m.Username.IsUnknown() {
		m.Username = types.StringNull()
	}
}

// observe takes over what the control plane answers. The address of an
// instance that was never ready stays null until it is.
func (m *instanceModel) observe(instance *cloud.Instance, organization types.String) {
	m.ID = types.StringValue(instance.Name)
	m.Name = types.StringValue(instance.Name)
	m.Organization = organization
	if instance.Username != "" {
		m.Username = types.StringValue(instance.Username)
	}
	if m.unfinished() && !instance.Available() {
		return
	}
	if instance.Hostname != "" {
		m.Hostname = types.StringValue(instance.Hostname)
		m.Port = types.Int64Value(instance.Port)
	}
	if instance.AdminUsername != "" || m.AdminUsername.IsUnknown() {
		m.AdminUsername = nullIfEmpty(instance.AdminUsername)
	}
}

// nullIfEmpty is how an answer without a value enters the state.
func nullIfEmpty(value string) types.String {
	if value == "" {
		return types.StringNull()
	}
	return types.StringValue(value)
}

// planUpdate plans what is not in the configuration: an unfinished instance
// gets its address by this apply, and nobody downstream sees the null.
func (m *instanceModel) planUpdate(config, state *instanceModel, diags *diag.Diagnostics) {
	if state.unfinished() {
		m.Hostname, m.Port, m.AdminUsername = types.StringUnknown(), types.Int64Unknown(), types.StringUnknown()
		if m.Username.IsNull() {
			m.Username = types.StringUnknown()
		}
	}
	checkPasswordChange(state.label(), config.passwordModel, m.passwordModel, state.passwordModel, diags)
}

// refresh reads the instance into m; false without an error means that it is
// proven gone.
func (b *instanceBase) refresh(ctx context.Context, m *instanceModel, diags *diag.Diagnostics) bool {
	client, organization, ok := b.inOrganization(ctx, m.label(), m.Organization, diags)
	if !ok {
		return false
	}
	instance, err := client.Instance(ctx, m.Name.ValueString())
	if cloud.IsNotFound(err) {
		return false
	}
	if err != nil {
		addError(diags, "Cannot read "+m.label(), err, "")
		return false
	}
	if !provisioned(instance, diags) {
		return false
	}
	m.observe(instance, organization)
	return true
}

// update finishes what is unfinished and sets a changed password. Everything
// else that can change is Terraform's own and needs no call.
func (b *instanceBase) update(ctx context.Context, config, plan, state *instanceModel, save func(*instanceModel), diags *diag.Diagnostics) {
	next := *plan
	next.Hostname, next.Port, next.AdminUsername = state.Hostname, state.Port, state.AdminUsername
	if next.Username.IsUnknown() {
		next.Username = state.Username
	}
	wanted := plan.passwordModel
	rotate := wanted.changed(state.passwordModel)
	if rotate {
		next.passwordModel = state.passwordModel
	}
	save(&next)
	if !rotate && !state.unfinished() {
		return
	}

	ctx, cancel := withTimeout(ctx, plan.Timeouts.Update, defaultUpdateTimeout, diags)
	defer cancel()
	client, _, ok := b.inOrganization(ctx, next.label(), state.Organization, diags)
	if !ok {
		return
	}
	s := settlement{
		client: client, until: cloud.Ready, model: &next, password: wanted,
		failure: b.unready(&next, "update", false),
		save:    func() { save(&next) },
	}
	if rotate {
		s.secret = config.secret()
	}
	s.run(ctx, diags)
}

func (b *instanceBase) unready(m *instanceModel, limit string, created bool) unready {
	return unready{
		resource: b.typeName, noun: "Database instance", name: m.Name.ValueString(),
		limit: limit, created: created, protected: m.protection(b.typeName).on(),
	}
}

// delete deletes the instance unless it is protected or an application is
// still on it, and waits until it is gone.
func (b *instanceBase) delete(ctx context.Context, state *instanceModel, diags *diag.Diagnostics) {
	if state.protection(b.typeName).refuseDelete(diags) {
		return
	}
	ctx, cancel := withTimeout(ctx, state.Timeouts.Delete, defaultDeleteTimeout, diags)
	defer cancel()
	client, _, ok := b.inOrganization(ctx, state.label(), state.Organization, diags)
	if !ok {
		return
	}
	name := state.Name.ValueString()
	instance, err := client.FreshInstance(ctx, name)
	switch {
	case cloud.IsNotFound(err):
		return
	case err != nil:
		addError(diags, "Cannot delete "+state.label(), err, "Nothing was sent; the instance is as it was.")
		return
	case !provisioned(instance, diags):
		return
	}
	if !instance.Deleting() {
		if !unused(ctx, client, state.label(), name, diags) {
			return
		}
		if err := client.DeleteInstance(ctx, name); err != nil {
			addError(diags, "Cannot delete "+state.label(), err, "It stays in the state. Apply again once the cause is removed.")
			return
		}
	}
	if _, err := client.WaitInstance(ctx, name, cloud.Gone); err != nil {
		addError(diags, "Cannot see the end of the deletion of "+state.label(), err,
			"Its deletion was accepted and goes on. It stays in the state; apply again to see it gone.")
	}
}
