// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// key is an attribute that distinguishes the objects of one type in an organization.
type key struct {
	attribute   string
	description string
	check       func(string) error // the rule for names of existing objects
}

var (
	instanceKey        = key{"name", "Name of the database instance.", cloud.CheckInstanceName}
	linkKey            = key{"name", "Name of the linked database.", cloud.CheckInstanceName}
	applicationKey     = key{"name", "Name of the application.", cloud.CheckApplicationName}
	applicationNameKey = key{"application_name", "Name of the application.", cloud.CheckApplicationName}
	secretKey          = key{"name", "Name of the secret.", cloud.CheckSecretName}
)

// importing says how objects of a type are imported.
type importing struct {
	keys   []key  // the import id is their values, with slashes between
	idText string // what the import id is, for messages
	marked bool   // whether the private state records that the object was imported
}

// importedKey marks, in private state, an object that was imported: no call has answered its defaults.
const importedKey = "imported"

// IdentitySchema is the same for all resources, except for the keys.
func (r *managed[M, P]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"organization": identityschema.StringAttribute{OptionalForImport: true, Description: "Organization that owns the object. Default for an import: the organization of the provider."},
	}}
	for _, k := range r.importing.keys {
		resp.IdentitySchema.Attributes[k.attribute] = identityschema.StringAttribute{RequiredForImport: true, Description: k.description}
	}
}

// identify sets the identity of m, under its present organization.
func (r *managed[M, P]) identify(ctx context.Context, identity *tfsdk.ResourceIdentity, m P) {
	values := map[string]tftypes.Value{"organization": tftypes.NewValue(tftypes.String, m.common().Organization.ValueStringPointer())}
	for i, name := range m.key() {
		values[r.importing.keys[i].attribute] = tftypes.NewValue(tftypes.String, name.ValueStringPointer())
	}
	identity.Raw = tftypes.NewValue(identity.Schema.Type().TerraformType(ctx), values)
}

// ImportState imports by id or by identity. The read that follows fills in the rest.
func (r *managed[M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	diags := &resp.Diagnostics
	var names []string
	recorded := types.StringNull()
	if req.Identity.Raw.IsFullyNull() {
		names = r.importing.fromID(req.ID, diags)
	} else {
		names, recorded = r.importing.fromIdentity(ctx, req.Identity, diags)
	}
	if diags.HasError() {
		return
	}
	m := blank[M](ctx, tfsdk.State{Schema: resp.State.Schema}, diags)
	P(m).imported(names)
	_, organization, ok := r.session.inOrganization(ctx, P(m).label(), "import", recorded, diags)
	if !ok {
		return
	}
	P(m).common().Organization = organization
	diags.Append(resp.State.Set(ctx, m)...)
	r.identify(ctx, resp.Identity, m)
	if r.importing.marked {
		savePrivate(ctx, resp.Private, importedKey, true, diags)
	}
}

// fromID takes an import id apart.
func (i importing) fromID(id string, diags *diag.Diagnostics) []string {
	names := strings.SplitN(id, "/", len(i.keys))
	for n, name := range names {
		if err := i.keys[n].check(name); err != nil {
			diags.AddError("Invalid import id", i.idText+" "+sentence(err.Error()))
			return nil
		}
	}
	if len(names) < len(i.keys) {
		diags.AddError("Invalid import id", i.idText+" "+sentence(fmt.Sprintf("%q has no slash", id)))
	}
	return names
}

// fromIdentity returns the keys and the organization, which may be null.
func (i importing) fromIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) ([]string, types.String) {
	var names []string
	for _, k := range i.keys {
		var name types.String
		diags.Append(identity.GetAttribute(ctx, path.Root(k.attribute), &name)...)
		if err := k.check(name.ValueString()); err != nil {
			diags.AddError("Invalid import identity", fmt.Sprintf("%s: %s", k.attribute, sentence(err.Error())))
		}
		names = append(names, name.ValueString())
	}
	var organization types.String
	diags.Append(identity.GetAttribute(ctx, path.Root("organization"), &organization)...)
	return names, organization
}
