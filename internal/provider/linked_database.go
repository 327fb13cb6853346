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

// label names the link in messages.
func (m *linkedDatabaseModel) label() string {
	return fmt.Sprintf("linked database %q", m.Name.ValueString())
}

func (m *linkedDatabaseModel) key() []types.String { return []types.String{m.Name} }

func (m *linkedDatabaseModel) imported(names []string) {
	m.Name, m.TimeTravel = types.StringValue(names[0]), types.BoolValue(false)
}

// observe records an answer of the control plane. An attribute that the answer leaves out keeps its value.
func (m *linkedDatabaseModel) observe(instance *cloud.Instance) {
	m.ID = types.StringValue(instance.Name)
	if instance.Hostname != "" {
		m.Hostname = types.StringValue(instance.Hostname)
	}
	if instance.Port != 0 {
		m.Port = types.Int64Value(instance.Port)
	}
	switch {
	case instance.SupabaseReference != "":
		// The role follows from the project, and a configuration cannot have both.
		m.SupabaseReference, m.AdminUsername = types.StringValue(instance.SupabaseReference), types.StringNull()
	case instance.AdminUsername != "":
		m.AdminUsername = types.StringValue(instance.AdminUsername)
	}
}

// planAdmin plans the role if none is configured: the default role, or null for a Supabase project, which determines
// the role.
func (m *linkedDatabaseModel) planAdmin(config, state *linkedDatabaseModel) {
	switch {
	case !config.AdminUsername.IsNull():
	case !state.ID.IsNull() && state.AdminUsername.IsNull() && state.SupabaseReference.IsNull():
		m.AdminUsername = types.StringNull() // An older server answered neither, so no change can be seen.
	case m.SupabaseReference.IsUnknown():
		m.AdminUsername = types.StringUnknown()
	case m.SupabaseReference.IsNull():
		m.AdminUsername = types.StringValue(defaultAdmin)
	default:
		m.AdminUsername = types.StringNull()
	}
}

// relinks reports whether the plan needs another link than the present one. An attribute that is null in the state,
// because no call answered it, needs none.
func (m *linkedDatabaseModel) relinks(state *linkedDatabaseModel) bool {
	return !m.Hostname.Equal(state.Hostname) ||
		!m.Port.Equal(state.Port) ||
		m.otherLogin(state) ||
		!state.TimeTravel.IsNull() && !m.TimeTravel.Equal(state.TimeTravel) ||
		m.password().changed(state.password())
}

// forgetDefaults makes the attributes null that an import set to a default because the API never returns them.
func (m *linkedDatabaseModel) forgetDefaults(ctx context.Context, private privateState, diags *diag.Diagnostics) {
	imported, problems := private.GetKey(ctx, importedKey)
	diags.Append(problems...)
	if imported != nil {
		m.TimeTravel = types.BoolNull()
	}
}

// otherLogin reports whether another role or Supabase project is planned.
func (m *linkedDatabaseModel) otherLogin(state *linkedDatabaseModel) bool {
	switch {
	case !state.SupabaseReference.IsNull():
		return !m.SupabaseReference.Equal(state.SupabaseReference)
	case state.AdminUsername.IsNull():
		return false // It was imported, and an older server answered neither.
	default:
		return !m.SupabaseReference.IsNull() || !m.AdminUsername.Equal(state.AdminUsername)
	}
}

// planRelink refuses a change if an application is on the database, or if the password to link it again is missing.
func (r *linkedDatabaseResource) planRelink(ctx context.Context, config, plan, state *linkedDatabaseModel, diags *diag.Diagnostics) {
	if !plan.relinks(state) {
		if state.TimeTravel.IsNull() && plan.TimeTravel.ValueBool() {
			diags.AddAttributeWarning(path.Root("time_travel"), fmt.Sprintf("time_travel of %s is recorded as configured", state.label()),
				"The database was imported, and the API does not return whether its link has time travel. This apply only writes the value to the state. "+
					"If the link has no time travel, link the database again: run terraform apply -replace="+linkedDatabaseType+".NAME, with the address that the plan shows.")
		}
		return
	}
	config.password().checkChange(state.label(), "unlinks the database and links it again with the configured one. The database itself is not changed",
		plan.password(), state.password(), diags)
	if config.password().configured().IsNull() && !diags.HasError() {
		addAttributeError(diags, "password", "Missing password",
			"The API cannot change a link. This change therefore unlinks the database and links it again, which needs its password. Set password_wo with password_wo_version, or password.")
	}
	client := r.session.planningClient()
	if client == nil {
		return
	}
	// A look-up that fails reports nothing: the apply looks again.
	if applications, err := client.Applications(ctx); err == nil {
		refuseInUse(state.label(), on(applications, state.Name.ValueString()),
			"This change would unlink the database under them and link it again. Move them to another instance, or delete them, first.", diags)
	}
}

// link links the database and saves it once the call is accepted. If the call is refused, failed says in which state
// things are left.
func (m *linkedDatabaseModel) link(ctx context.Context, client *cloud.Client, config *linkedDatabaseModel, failed string, save func(), diags *diag.Diagnostics) {
	m.ID = m.Name
	admin := m.AdminUsername
	if config.AdminUsername.IsNull() && !m.SupabaseReference.IsNull() {
		admin = types.StringNull() // It follows from the project, and the two exclude each other.
	}
	instance, err := client.CreateLink(ctx, cloud.Link{
		Name:              m.Name.ValueString(),
		Hostname:          m.Hostname.ValueString(),
		Port:              m.Port.ValueInt64(),
		Password:          config.password().configured().ValueString(),
		AdminUsername:     admin.ValueString(),
		SupabaseReference: m.SupabaseReference.ValueString(),
		TimeTravel:        m.TimeTravel.ValueBool(),
	})
	if m.AdminUsername.IsUnknown() {
		m.AdminUsername = types.StringNull()
	}
	outcome := createCall{resource: linkedDatabaseType, object: m.label(), id: m.Name.ValueString(), verb: "create", failed: failed}
	if !outcome.report(err, save, diags) {
		return
	}
	// The record has the role of a Supabase project. If it cannot be read, the link is made all the same.
	if instance != nil && !instance.Provisioned {
		m.observe(instance)
		save()
	}
}

// unlink ends the link, unless an application is on it, and waits until the name is free. If the wait ends first,
// unlinked says in which state things are left.
func unlink(ctx context.Context, client *cloud.Client, state *linkedDatabaseModel, unlinked string, diags *diag.Diagnostics) bool {
	name := state.Name.ValueString()
	instance, err := client.FreshInstance(ctx, name)
	switch {
	case cloud.IsNotFound(err):
		return true
	case err != nil:
		addError(diags, fmt.Sprintf("Cannot unlink database %q", name), err, "Nothing was changed. "+applyAgain)
		return false
	case !linked(instance, state, diags) || !unused(ctx, client, state.label(), name, diags):
		return false
	}
	if err := client.DeleteLink(ctx, name); err != nil {
		addError(diags, fmt.Sprintf("Cannot unlink database %q", name), err, "It stays in the state. Remove the cause and apply again.")
		return false
	}
	if _, err := client.WaitInstance(ctx, name, cloud.Gone); err != nil {
		addError(diags, "Cannot confirm that "+state.label()+" is gone", err, unlinked)
		return false
	}
	return true
}

// linked refuses a provisioned instance under the name of a linked one. Older servers do not say whether an instance is
// linked; assume that it is.
func linked(instance *cloud.Instance, state *linkedDatabaseModel, diags *diag.Diagnostics) bool {
	if instance.Provisioned {
		diags.AddError(fmt.Sprintf("Linked database %q is a provisioned database instance", instance.Name),
			"DBOS Cloud provisioned the instance of this name: it is not a linked database. Nothing was changed. "+
				manageAs(databaseInstanceType, linkedDatabaseType, state.ID))
	}
	return !instance.Provisioned
}

// manageAs tells how to manage an object as another type. An object without an id is not in the state yet: it is being
// imported.
func manageAs(right, wrong string, id types.String) string {
	if id.IsNull() {
		return fmt.Sprintf("Import it as a %s instead.", right)
	}
	return fmt.Sprintf("Manage it as a %s: run terraform state rm %s.NAME, with the address that the plan shows, and import it as the other type.", right, wrong)
}
