// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// instanceModel holds the attributes of every resource that is a provisioned database instance, however it was made.
type instanceModel struct {
	commonModel
	Name     types.String `tfsdk:"name"`
	Username types.String `tfsdk:"username"`
	passwordModel
	DeletionProtection types.Bool   `tfsdk:"deletion_protection"`
	Hostname           types.String `tfsdk:"hostname"`
	Port               types.Int64  `tfsdk:"port"`
	AdminUsername      types.String `tfsdk:"admin_username"`
}

// instance returns the model without the attributes of one resource.
func (m *instanceModel) instance() *instanceModel { return m }

// managedInstance is the part of a resource that does not depend on how the instance was made.
type managedInstance[M any, P interface {
	model[M]
	instance() *instanceModel
}] struct {
	managed[M, P]
}

// instanceAttributes are the attributes of instanceModel except username, which is configured or computed.
func instanceAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"id":           computedText("Name of the instance. It is known only when the instance exists: refer to the instance by `id`, and Terraform creates it first."),
		"organization": organizationAttribute(),
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name of the database instance: 3 to 16 characters of `a-z`, `0-9` and `_`. Existing instances with up to 30 characters, and with `-`, can be imported. " +
				"A change replaces the instance.",
			Validators:    instanceNameRules(),
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"deletion_protection": schema.BoolAttribute{
			Optional: true,
			Computed: true,
			Default:  booldefault.StaticBool(true),
			MarkdownDescription: "Whether Terraform refuses to destroy or replace the database instance. Both irreversibly delete all of its data. " +
				protectionHelp + " Default: `true`.",
		},
		"hostname": computedText("Host name of the database server."),
		"port": schema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "Port of the database server.",
			PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
		},
		"admin_username": computedText("Role with which DBOS Cloud itself administers the instance. Null if the API does not return it."),
	}
	maps.Copy(attributes, passwordAttributes("the role `username`"))
	return attributes
}

// replaceIfKnownBefore replaces the object when the value changes, except if the state has no value because no call
// answered it.
func replaceIfKnownBefore() planmodifier.String {
	const description = "A change replaces the object, unless the state has no value yet."
	return stringplanmodifier.RequiresReplaceIf(func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
		resp.RequiresReplace = !req.StateValue.IsNull()
	}, description, description)
}

// label names the instance in messages.
func (m *instanceModel) label() string {
	return fmt.Sprintf("database instance %q", m.Name.ValueString())
}

func (m *instanceModel) key() []types.String { return []types.String{m.Name} }

func (m *instanceModel) imported(names []string) {
	m.Name, m.DeletionProtection = types.StringValue(names[0]), types.BoolValue(true)
}

// protection guards the instance. Null counts as true, so that an object whose protection was never recorded is
// protected.
func (m *instanceModel) protection(typeName string) protection {
	return protection{
		resource: typeName, noun: "database instance", name: m.Name.ValueString(), loss: "irreversibly deletes all data in it",
		on: m.DeletionProtection.IsNull() || m.DeletionProtection.ValueBool(),
	}
}

// unfinished reports that the instance was created but never seen ready. A null host name marks it, and makes the next
// plan an update that waits.
func (m *instanceModel) unfinished() bool { return m.Hostname.IsNull() }

// made records an instance whose creation the control plane has accepted. Attributes that it has not answered yet are
// null.
func (m *instanceModel) made(organization types.String) {
	m.ID = m.Name
	m.Organization = organization
	m.Hostname, m.Port, m.AdminUsername = types.StringNull(), types.Int64Null(), types.StringNull()
	if m.Username.IsUnknown() {
		m.Username = types.StringNull()
	}
}

// observe records an answer of the control plane. The address of an instance that was never ready stays null until it
// is.
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

// planUpdate plans an update. An unfinished instance gets its address in this apply, so the address is unknown in the
// plan. Otherwise other resources would see its null.
func (m *instanceModel) planUpdate(config, state *instanceModel, diags *diag.Diagnostics) {
	if state.unfinished() {
		m.Hostname, m.Port, m.AdminUsername = types.StringUnknown(), types.Int64Unknown(), types.StringUnknown()
		if m.Username.IsNull() {
			m.Username = types.StringUnknown()
		}
	}
	config.password().checkChange(state.label(), "sets it to the configured one. Clients that log in with another password stop working",
		m.password(), state.password(), diags)
}

func (r *managedInstance[M, P]) read(ctx context.Context, o *operation[M]) {
	if !o.connect(ctx) {
		return
	}
	m := P(o.state).instance()
	instance, err := o.client.Instance(ctx, m.Name.ValueString())
	switch {
	case cloud.IsNotFound(err):
		o.remove(ctx)
	case err != nil:
		addError(o.diags, "Cannot read "+m.label(), err, "")
	case provisioned(instance, r.typeName, m.ID, o.diags):
		m.observe(instance, o.organization)
		o.save(ctx, o.state)
	}
}

// update finishes what is unfinished and sets a changed password. Everything else that can change is Terraform's own
// and needs no call.
func (r *managedInstance[M, P]) update(ctx context.Context, o *operation[M]) {
	plan, state := P(o.plan).instance(), P(o.state).instance()
	wanted := plan.passwordModel
	rotate := plan.password().changed(state.password())

	next := plan // o.plan becomes the object step by step.
	next.Hostname, next.Port, next.AdminUsername = state.Hostname, state.Port, state.AdminUsername
	if next.Username.IsUnknown() {
		next.Username = state.Username
	}
	if rotate {
		next.passwordModel = state.passwordModel
	}
	o.save(ctx, o.plan)
	if !rotate && !state.unfinished() || !o.connect(ctx) {
		return
	}
	s := readySteps{
		client: o.client, until: cloud.Ready, model: next, password: wanted,
		failure: r.unready(next, "update", false),
		save:    func() { o.save(ctx, o.plan) },
	}
	if rotate {
		s.secret = P(o.config).instance().password().configured()
	}
	s.run(ctx, o.diags)
}

func (r *managedInstance[M, P]) unready(m *instanceModel, limit string, created bool) unready {
	return unready{
		resource: r.typeName, noun: "Database instance", name: m.Name.ValueString(),
		limit: limit, created: created, protected: m.protection(r.typeName).on,
	}
}

// delete deletes the instance unless it is protected or an application is still on it, and waits until it is gone.
func (r *managedInstance[M, P]) delete(ctx context.Context, o *operation[M]) {
	m := P(o.state).instance()
	if m.protection(r.typeName).refuseDelete(o.diags) || !o.connect(ctx) {
		return
	}
	name := m.Name.ValueString()
	instance, err := o.client.FreshInstance(ctx, name)
	switch {
	case cloud.IsNotFound(err):
		return
	case err != nil:
		addError(o.diags, "Cannot delete "+m.label(), err, "Nothing was changed. "+applyAgain)
		return
	case !provisioned(instance, r.typeName, m.ID, o.diags):
		return
	}
	if !instance.Deleting() {
		if !unused(ctx, o.client, m.label(), name, o.diags) {
			return
		}
		if err := o.client.DeleteInstance(ctx, name); err != nil {
			addError(o.diags, "Cannot delete "+m.label(), err, "It stays in the state. Remove the cause and apply again.")
			return
		}
	}
	if _, err := o.client.WaitInstance(ctx, name, cloud.Gone); err != nil {
		addError(o.diags, "Cannot confirm the deletion of "+m.label(), err,
			"The deletion was accepted and is still running. The object stays in the state. Apply again to confirm the deletion.")
	}
}
