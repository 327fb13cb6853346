// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ resource.ResourceWithConfigure   = (*applicationDeploymentResource)(nil)
	_ resource.ResourceWithImportState = (*applicationDeploymentResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*applicationDeploymentResource)(nil)
)

const applicationDeploymentType = "dbos_application_deployment"

// defaultConfigFile is the application's configuration file, in its directory.
const defaultConfigFile = "dbos-config.yaml"

func newApplicationDeploymentResource() resource.Resource { return &applicationDeploymentResource{} }

// applicationDeploymentResource deploys a directory, or an earlier version, to
// an application: the counterpart of "dbos-cloud app deploy".
type applicationDeploymentResource struct {
	resourceBase
}

type applicationDeploymentModel struct {
	ID              types.String   `tfsdk:"id"`
	Organization    types.String   `tfsdk:"organization"`
	ApplicationName types.String   `tfsdk:"application_name"`
	SourceDir       types.String   `tfsdk:"source_dir"`
	PreviousVersion types.String   `tfsdk:"previous_version"`
	ConfigFile      types.String   `tfsdk:"config_file"`
	ConfigVariables types.Map      `tfsdk:"config_variables"`
	Triggers        types.Map      `tfsdk:"triggers"`
	SourceHash      types.String   `tfsdk:"source_hash"`
	Version         types.String   `tfsdk:"version"`
	URL             types.String   `tfsdk:"url"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
}

func (r *applicationDeploymentResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = applicationDeploymentType
}

func (r *applicationDeploymentResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Deploys the code of an application: the files of a directory, or those of an earlier version. " +
			"A deploy makes a new version and runs the `migrate` commands of `dbos-config.yaml` on the application's database before that version serves; " +
			"if one of them fails, nothing is recorded and the next plan deploys again. Destroying a deployment leaves the application as it is.\n\n" +
			"~> **Be careful with breaking schema changes** such as deleting or renaming a column: they may break workflows that still run on an earlier version.",
		Attributes: map[string]schema.Attribute{
			"id":               computedText("The name of the application, once it is deployed."),
			"organization":     organizationAttribute(),
			"application_name": applicationNameAttribute("Application to deploy to. It is registered by `dbos_application` or the `dbos-cloud` CLI. Another one is another deployment."),
			"source_dir": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Directory of the application. It is deployed when its content changes, less what the `dbos-cloud` CLI leaves out, what `.dbosignore` names, and Terraform's own files. " +
					"A plan sees what is there when it is made: if the same apply builds the files, refer to an attribute of the builder here or under `triggers`, else they are deployed one apply late. " +
					"Exactly one of this and `previous_version` is needed.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("previous_version"))},
			},
			"previous_version": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Earlier version to deploy again, in the place of `source_dir`. It is deployed when it changes.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"config_file": schema.StringAttribute{
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(defaultConfigFile),
				MarkdownDescription: "The application's configuration file, relative to `source_dir`. It is deployed as `" + defaultConfigFile + "`. Default: `" + defaultConfigFile + "`.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"config_variables": schema.MapAttribute{
				ElementType: types.StringType,
				Optional:    true,
				Sensitive:   true,
				MarkdownDescription: "Values for `${NAME}` in `config_file`. A name without a value is an error, but `PGPASSWORD` and `DBOS_DATABASE_URL` are left empty, as the service sets them. " +
					"They are stored in the state and deployed with the file: use `dbos_application_secret` for secrets.",
			},
			"triggers": schema.MapAttribute{
				ElementType:         types.StringType,
				Optional:            true,
				MarkdownDescription: "Values of your own that deploy when they change, such as the versions of the application's secrets, or what a build in the same apply tells of its result.",
			},
			"source_hash": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Hash of the files that were deployed; null with `previous_version`.",
			},
			"version": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Version that this deployment made. It stays, whatever is deployed by other means.",
			},
			"url": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Address of the application.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *applicationDeploymentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	diags := &resp.Diagnostics
	var plan applicationDeploymentModel
	state := &applicationDeploymentModel{}
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if req.State.Raw.IsNull() {
		state = nil
	} else {
		diags.Append(req.State.Get(ctx, state)...)
	}
	if diags.HasError() || state != nil && !plan.ApplicationName.Equal(state.ApplicationName) {
		return
	}
	r.planDeploy(ctx, &plan, state, diags)
	if state != nil && unfinishedRollout(ctx, req.Private, diags) != nil {
		plan.URL = types.StringUnknown()
	}
	diags.Append(resp.Plan.Set(ctx, &plan)...)
}

func (r *applicationDeploymentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	diags := &resp.Diagnostics
	var plan applicationDeploymentModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if diags.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Create, defaultCreateTimeout, diags)
	defer cancel()
	client, organization, ok := r.inOrganization(ctx, applicationLabel(plan.ApplicationName), types.StringNull(), diags)
	if !ok {
		return
	}
	plan.ID, plan.Organization = plan.ApplicationName, organization
	d := deploy{
		plan: &plan, private: resp.Private,
		failure: applicationUnready(applicationDeploymentType, plan.ApplicationName.ValueString(), "create", true),
		save:    func() { diags.Append(resp.State.Set(ctx, &plan)...) },
	}
	d.run(ctx, client, diags)
}

func (r *applicationDeploymentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	var state applicationDeploymentModel
	diags.Append(req.State.Get(ctx, &state)...)
	if diags.HasError() {
		return
	}
	application, organization, ok := r.readApplication(ctx, state.ApplicationName, state.Organization, diags)
	if !ok {
		return
	}
	if application == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	state.ID, state.Organization = state.ApplicationName, organization
	if unfinishedRollout(ctx, req.Private, diags).observe(ctx, application, resp.Private, diags) {
		state.URL = observed(state.URL, application.URL)
	}
	diags.Append(resp.State.Set(ctx, &state)...)
}

func (r *applicationDeploymentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	var plan, state applicationDeploymentModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	if diags.HasError() {
		return
	}
	d := deploy{
		plan: &plan, state: &state, private: resp.Private, rollout: unfinishedRollout(ctx, req.Private, diags),
		failure: applicationUnready(applicationDeploymentType, plan.ApplicationName.ValueString(), "update", false),
		save:    func() { diags.Append(resp.State.Set(ctx, &plan)...) },
	}
	if !plan.Version.IsUnknown() && d.rollout == nil {
		d.save()
		return
	}
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Update, defaultUpdateTimeout, diags)
	defer cancel()
	if client, _, ok := r.inOrganization(ctx, applicationLabel(plan.ApplicationName), state.Organization, diags); ok {
		d.run(ctx, client, diags)
	}
}

// Delete forgets the deployment: what was deployed serves on.
func (r *applicationDeploymentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state applicationDeploymentModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if !resp.Diagnostics.HasError() {
		r.inOrganization(ctx, applicationLabel(state.ApplicationName), state.Organization, &resp.Diagnostics)
	}
}

func (r *applicationDeploymentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if checkApplicationImport(req.ID, &resp.Diagnostics) {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("application_name"), req.ID)...)
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("config_file"), defaultConfigFile)...)
	}
}
