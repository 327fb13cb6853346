// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
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

var (
	_ resource.ResourceWithConfigure   = (*linkedDatabaseResource)(nil)
	_ resource.ResourceWithImportState = (*linkedDatabaseResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*linkedDatabaseResource)(nil)
)

const (
	linkedDatabaseType = "dbos_linked_database"
	defaultAdmin       = "dbosadmin"
	defaultPort        = 5432
)

func newLinkedDatabaseResource() resource.Resource { return &linkedDatabaseResource{} }

// linkedDatabaseResource links a Postgres server of one's own, the counterpart
// of "dbos-cloud db link" and "db unlink". It makes no other calls than those:
// the server and its data are never touched.
type linkedDatabaseResource struct {
	resourceBase
}

type linkedDatabaseModel struct {
	ID           types.String `tfsdk:"id"`
	Organization types.String `tfsdk:"organization"`
	Name         types.String `tfsdk:"name"`
	Hostname     types.String `tfsdk:"hostname"`
	Port         types.Int64  `tfsdk:"port"`
	passwordModel
	AdminUsername     types.String   `tfsdk:"admin_username"`
	SupabaseReference types.String   `tfsdk:"supabase_reference"`
	TimeTravel        types.Bool     `tfsdk:"time_travel"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
}

func (r *linkedDatabaseResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = linkedDatabaseType
}

func (r *linkedDatabaseResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The name, once the database is linked.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"organization": organizationAttribute(),
		"name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name under which applications find the database, 3 to 16 characters of `a-z`, `0-9` and `_`. Another name is another link.",
			Validators:          []validator.String{rule("instance name", "3 to 30 characters of a-z, 0-9, _ and -", cloud.CheckInstanceName)},
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
				"For a Supabase database it follows from `supabase_reference`, which excludes it.",
			Validators: []validator.String{
				rule("username", "1 to 63 characters of a-z, 0-9, _ and -", cloud.CheckUsername),
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
			MarkdownDescription: "Whether provenance is captured for time travel debugging. Default: `false`.",
		},
	}
	maps.Copy(attributes, passwordAttributes("the role `admin_username`"))
	resp.Schema = schema.Schema{
		MarkdownDescription: "Links a Postgres server of your own, for applications on DBOS Cloud to use. The server and its data are never touched: " +
			"destroying this resource unlinks it and leaves the database as it is.\n\n" +
			"No call changes a link. A changed attribute unlinks the database and links it again, in place, and is refused while an application is on it.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *linkedDatabaseResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	diags := &resp.Diagnostics
	var config, plan, state linkedDatabaseModel
	diags.Append(req.Config.Get(ctx, &config)...)
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
		state.forgetDefaults(ctx, req.Private, diags)
	}
	if diags.HasError() {
		return
	}

	plan.planAdmin(&config, &state)
	switch {
	case req.State.Raw.IsNull():
		checkNew("instance name", "name", plan.Name, cloud.CheckNewInstanceName, diags)
		requirePassword(config.passwordModel, diags)
	case plan.Name.Equal(state.Name):
		r.planRelink(ctx, &config, &plan, &state, diags)
	}
	diags.Append(resp.Plan.Set(ctx, &plan)...)
}

func (r *linkedDatabaseResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	diags := &resp.Diagnostics
	var config, plan linkedDatabaseModel
	diags.Append(req.Config.Get(ctx, &config)...)
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if diags.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Create, defaultCreateTimeout, diags)
	defer cancel()
	client, organization, ok := r.inOrganization(ctx, plan.label(), types.StringNull(), diags)
	if !ok {
		return
	}
	plan.Organization = organization
	plan.link(ctx, client, &config, "Nothing was added to the state.", func() { diags.Append(resp.State.Set(ctx, &plan)...) }, diags)
}

func (r *linkedDatabaseResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	var state linkedDatabaseModel
	diags.Append(req.State.Get(ctx, &state)...)
	if diags.HasError() {
		return
	}
	client, organization, ok := r.inOrganization(ctx, state.label(), state.Organization, diags)
	if !ok {
		return
	}
	instance, err := client.Instance(ctx, state.Name.ValueString())
	switch {
	case cloud.IsNotFound(err):
		resp.State.RemoveResource(ctx)
	case err != nil:
		addError(diags, "Cannot read "+state.label(), err, "")
	case linked(instance, diags):
		state.Organization = organization
		state.observe(instance)
		diags.Append(resp.State.Set(ctx, &state)...)
	}
}

func (r *linkedDatabaseResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	var config, plan, state linkedDatabaseModel
	diags.Append(req.Config.Get(ctx, &config)...)
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	state.forgetDefaults(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	save := func() {
		diags.Append(resp.State.Set(ctx, &plan)...)
		diags.Append(resp.Private.SetKey(ctx, importedKey, nil)...)
	}
	if !plan.relinks(&state) {
		save()
		return
	}
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Update, defaultUpdateTimeout, diags)
	defer cancel()
	client, _, ok := r.inOrganization(ctx, plan.label(), state.Organization, diags)
	if ok && unlink(ctx, client, &state, diags) {
		plan.link(ctx, client, &config, "It is unlinked now, and the database itself is as it was. The next apply links it again.", save, diags)
	}
}

func (r *linkedDatabaseResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state linkedDatabaseModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, state.Timeouts.Delete, defaultDeleteTimeout, &resp.Diagnostics)
	defer cancel()
	if client, _, ok := r.inOrganization(ctx, state.label(), state.Organization, &resp.Diagnostics); ok {
		unlink(ctx, client, &state, &resp.Diagnostics)
	}
}

func (r *linkedDatabaseResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByInstanceName(ctx, req, resp, "linked database", "time_travel", false)
	savePrivate(ctx, resp.Private, importedKey, true, &resp.Diagnostics)
}
