// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

const (
	linkedDatabaseType = "dbos_linked_database"
	defaultAdmin       = "dbosadmin"
	defaultPort        = 5432
)

func newLinkedDatabaseResource() resource.Resource { return newLinkedDatabase() }

func newLinkedDatabase() *linkedDatabaseResource {
	r := &linkedDatabaseResource{}
	r.typeName, r.own = linkedDatabaseType, r
	r.importing = importing{keys: []key{linkKey}, idText: "The import id of a linked database is its name.", marked: true}
	return r
}

// linkedDatabaseResource links a Postgres server of the user's own, as "dbos-cloud db link" and "db unlink" do. It
// makes no other calls: the server and its data are never touched.
type linkedDatabaseResource struct {
	managed[linkedDatabaseModel, *linkedDatabaseModel]
}

type linkedDatabaseModel struct {
	commonModel
	Name     types.String `tfsdk:"name"`
	Hostname types.String `tfsdk:"hostname"`
	Port     types.Int64  `tfsdk:"port"`
	passwordModel
	AdminUsername     types.String `tfsdk:"admin_username"`
	SupabaseReference types.String `tfsdk:"supabase_reference"`
	TimeTravel        types.Bool   `tfsdk:"time_travel"`
}

func (r *linkedDatabaseResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id":           computedText("Name of the linked database. It is known only when the database is linked."),
		"organization": organizationAttribute(),
		"name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name under which applications find the database: 3 to 30 characters of `a-z`, `0-9`, `_` and `-`. A change replaces the link.",
			Validators:          []validator.String{rule("instance name", "3 to 30 characters of a-z, 0-9, _ and -", cloud.CheckLinkName)},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"hostname": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Host name of the database server.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"port": schema.Int64Attribute{
			Optional:            true,
			Computed:            true,
			Default:             int64default.StaticInt64(defaultPort),
			MarkdownDescription: "Port of the database server. Default: `5432`.",
			Validators:          []validator.Int64{intRule("port", "1 to 65535", cloud.CheckPort)},
		},
		"admin_username": schema.StringAttribute{
			Optional: true,
			Computed: true,
			MarkdownDescription: "Role that DBOS Cloud logs in with; it needs `CREATEDB`. Default: `dbosadmin`. " +
				"Do not set it together with `supabase_reference`, which determines the role.",
			Validators: []validator.String{
				rule("username", "1 to 63 characters of a-z, 0-9, _ and -", cloud.CheckRoleName),
				stringvalidator.ConflictsWith(path.MatchRoot("supabase_reference")),
			},
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"supabase_reference": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Reference of the Supabase project that the database belongs to.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"time_travel": schema.BoolAttribute{
			Optional:            true,
			Computed:            true,
			Default:             booldefault.StaticBool(false),
			MarkdownDescription: "Whether DBOS captures provenance for time travel debugging. Default: `false`.",
		},
	}
	maps.Copy(attributes, passwordAttributes("the role `admin_username`"))
	resp.Schema = schema.Schema{
		MarkdownDescription: "Links your own Postgres server to DBOS Cloud, so that applications can use it. Terraform never changes the server or its data: " +
			"if you destroy this resource, it only unlinks the database.\n\n" +
			"The API cannot change a link. If you change an attribute, Terraform unlinks the database and links it again. It refuses this while an application is on the database.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *linkedDatabaseResource) plan(ctx context.Context, o *operation[linkedDatabaseModel]) {
	if o.plan == nil {
		return
	}
	var before linkedDatabaseModel
	if o.state != nil {
		before = *o.state
		before.forgetDefaults(ctx, o.private, o.diags)
	}
	o.plan.planAdmin(o.config, &before)
	switch {
	case o.state == nil:
		o.config.password().require("linked database", o.diags)
	case o.plan.Name.Equal(before.Name):
		r.planRelink(ctx, o.config, o.plan, &before, o.diags)
	}
	o.save(ctx, o.plan)
}

func (r *linkedDatabaseResource) create(ctx context.Context, o *operation[linkedDatabaseModel]) {
	if !o.connect(ctx) {
		return
	}
	o.plan.Organization = o.organization
	o.plan.link(ctx, o.client, o.config, notAdded, func() { o.save(ctx, o.plan) }, o.diags)
}

func (r *linkedDatabaseResource) read(ctx context.Context, o *operation[linkedDatabaseModel]) {
	if !o.connect(ctx) {
		return
	}
	instance, err := o.client.Instance(ctx, o.state.Name.ValueString())
	switch {
	case cloud.IsNotFound(err):
		o.remove(ctx)
	case err != nil:
		addError(o.diags, "Cannot read "+o.label, err, "")
	case linked(instance, o.state, o.diags):
		o.state.Organization = o.organization
		o.state.observe(instance)
		o.save(ctx, o.state)
	}
}

func (r *linkedDatabaseResource) update(ctx context.Context, o *operation[linkedDatabaseModel]) {
	o.state.forgetDefaults(ctx, o.private, o.diags)
	save := func() {
		o.save(ctx, o.plan)
		o.diags.Append(o.private.SetKey(ctx, importedKey, nil)...)
	}
	if !o.plan.relinks(o.state) {
		save()
		return
	}
	const unlinked = "It is unlinked now. The database itself was not changed. Remove the cause and apply again to link it."
	if o.connect(ctx) && unlink(ctx, o.client, o.state, unlinked, o.diags) {
		o.plan.link(ctx, o.client, o.config, unlinked, save, o.diags)
	}
}

func (r *linkedDatabaseResource) delete(ctx context.Context, o *operation[linkedDatabaseModel]) {
	if o.connect(ctx) {
		unlink(ctx, o.client, o.state, "The request to unlink it was accepted. It stays in the state. Apply again to confirm that it is gone.", o.diags)
	}
}
