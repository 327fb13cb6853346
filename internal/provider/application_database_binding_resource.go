// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

var (
	_ resource.ResourceWithConfigure   = (*applicationDatabaseBindingResource)(nil)
	_ resource.ResourceWithImportState = (*applicationDatabaseBindingResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*applicationDatabaseBindingResource)(nil)
)

const applicationDatabaseBindingType = "dbos_application_database_binding"

func newApplicationDatabaseBindingResource() resource.Resource {
	return &applicationDatabaseBindingResource{}
}

// applicationDatabaseBindingResource holds an application, whoever registered
// it, on a database instance: the counterpart of "dbos-cloud app
// change-database-instance".
type applicationDatabaseBindingResource struct {
	resourceBase
}

type applicationDatabaseBindingModel struct {
	ID                   types.String   `tfsdk:"id"`
	Organization         types.String   `tfsdk:"organization"`
	ApplicationName      types.String   `tfsdk:"application_name"`
	DatabaseInstanceName types.String   `tfsdk:"database_instance_name"`
	PreviousVersion      types.String   `tfsdk:"previous_version"`
	DatabaseName         types.String   `tfsdk:"database_name"`
	Timeouts             timeouts.Value `tfsdk:"timeouts"`
}

func (r *applicationDatabaseBindingResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = applicationDatabaseBindingType
}

func (r *applicationDatabaseBindingResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Holds an application on a database instance, and moves it there with its running or an earlier version. " +
			"It is for applications that Terraform does not register, because developers deploy them with the `dbos-cloud` CLI. " +
			"For an application that Terraform does register, change `database_instance_name` of its `dbos_application` instead; " +
			"if both are used for one application, the `dbos_application` needs `ignore_changes = [database_instance_name]`.\n\n" +
			"An application that somebody moves elsewhere is a difference, and the next apply moves it back. Destroying a binding leaves the application as it is.",
		Attributes: map[string]schema.Attribute{
			"id":                     computedText("The name of the application, once it is bound."),
			"organization":           organizationAttribute(),
			"application_name":       applicationNameAttribute("Application to bind. Another one is another binding."),
			"database_instance_name": instanceNameAttribute("Database instance that the application is to run on. A change moves it in place."),
			"previous_version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Version to deploy when the binding is made and when this changes, such as the `running_version` of `dbos_application_versions`. " +
					"Default: the version that runs. Taking it out changes nothing, and an application that somebody has moved is moved back with the version that runs then.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"database_name": computedText("Name of the application's own database on the instance."),
		},
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *applicationDatabaseBindingResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	diags := &resp.Diagnostics
	var plan, state applicationDatabaseBindingModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
	}
	creates := req.State.Raw.IsNull()
	if diags.HasError() || !creates && !plan.ApplicationName.Equal(state.ApplicationName) {
		return
	}
	if !plan.DatabaseInstanceName.Equal(state.DatabaseInstanceName) {
		version := types.StringNull()
		if plan.deploys(&state) {
			version = plan.PreviousVersion
		}
		plan.move(version).check(r.plannedApplication(ctx, plan.ApplicationName), diags)
	}
	if creates {
		return
	}
	if unfinishedRollout(ctx, req.Private, diags) != nil {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("database_name"), types.StringUnknown())...)
	}
	imported, problems := req.Private.GetKey(ctx, importedKey)
	diags.Append(problems...)
	if imported != nil && plan.deploys(&state) {
		diags.AddAttributeWarning(path.Root("previous_version"), fmt.Sprintf("Application %q will be deployed", plan.ApplicationName.ValueString()),
			fmt.Sprintf("The binding was imported, and no call tells which version was asked for before. Applying this plan deploys %s once. "+
				"To leave the application as it is, take previous_version out of the configuration.", versionText(plan.PreviousVersion)))
	}
}

func (r *applicationDatabaseBindingResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	diags := &resp.Diagnostics
	var plan applicationDatabaseBindingModel
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
	b := binding{
		plan: &plan, version: plan.PreviousVersion, moves: true, private: resp.Private,
		failure: applicationUnready(applicationDatabaseBindingType, plan.ApplicationName.ValueString(), "create", true),
		save:    func(m *applicationDatabaseBindingModel) { diags.Append(resp.State.Set(ctx, m)...) },
	}
	b.run(ctx, client, diags)
}

func (r *applicationDatabaseBindingResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	var state applicationDatabaseBindingModel
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
	state.DatabaseName = observed(state.DatabaseName, application.Database)
	if unfinishedRollout(ctx, req.Private, diags).observe(ctx, application, resp.Private, diags) {
		state.DatabaseInstanceName = observed(state.DatabaseInstanceName, application.Instance)
	}
	diags.Append(resp.State.Set(ctx, &state)...)
}

func (r *applicationDatabaseBindingResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	var plan, state applicationDatabaseBindingModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	if diags.HasError() {
		return
	}
	b := binding{
		plan: &plan, moves: !plan.DatabaseInstanceName.Equal(state.DatabaseInstanceName), private: resp.Private,
		rollout: unfinishedRollout(ctx, req.Private, diags),
		failure: applicationUnready(applicationDatabaseBindingType, plan.ApplicationName.ValueString(), "update", false),
		save:    func(m *applicationDatabaseBindingModel) { diags.Append(resp.State.Set(ctx, m)...) },
	}
	if plan.deploys(&state) {
		b.version = plan.PreviousVersion
	}
	if !b.moves && b.version.IsNull() && b.rollout == nil {
		b.save(&plan)
		return
	}
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Update, defaultUpdateTimeout, diags)
	defer cancel()
	if client, _, ok := r.inOrganization(ctx, applicationLabel(plan.ApplicationName), state.Organization, diags); ok {
		b.run(ctx, client, diags)
	}
}

// Delete forgets the binding: an application cannot be without an instance.
func (r *applicationDatabaseBindingResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state applicationDatabaseBindingModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if !resp.Diagnostics.HasError() {
		r.inOrganization(ctx, applicationLabel(state.ApplicationName), state.Organization, &resp.Diagnostics)
	}
}

func (r *applicationDatabaseBindingResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if checkApplicationImport(req.ID, &resp.Diagnostics) {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("application_name"), req.ID)...)
		savePrivate(ctx, resp.Private, importedKey, true, &resp.Diagnostics)
	}
}

// deploys tells whether the planned version was not asked for before.
func (m *applicationDatabaseBindingModel) deploys(state *applicationDatabaseBindingModel) bool {
	return !m.PreviousVersion.IsNull() && !m.PreviousVersion.Equal(state.PreviousVersion)
}

// move is the move to the planned instance, with a version or, by null, with the one that runs.
func (m *applicationDatabaseBindingModel) move(version types.String) plannedMove {
	return plannedMove{resource: applicationDatabaseBindingType, target: m.DatabaseInstanceName, version: version}
}

// binding brings an application to the instance and version that are planned,
// by one call where one is needed, and waits for it.
type binding struct {
	plan    *applicationDatabaseBindingModel
	version types.String // to be deployed; null for the one that runs
	moves   bool         // the instance is another one as far as the state knows
	rollout *rollout     // of an earlier apply, to be waited for; nil for none
	failure unready
	private privateState
	save    func(*applicationDatabaseBindingModel)
}

func (b *binding) run(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) {
	var application *cloud.Application
	if b.moves || !b.version.IsNull() {
		var ok bool
		if application, ok = b.write(ctx, client, diags); !ok {
			return
		}
		diags.Append(b.private.SetKey(ctx, importedKey, nil)...)
	}
	if b.rollout != nil {
		b.rollout.keep(ctx, b.private, diags)
		accepted := *b.plan
		if accepted.DatabaseName.IsUnknown() {
			accepted.DatabaseName = types.StringNull()
		}
		b.save(&accepted)
		var ok bool
		if application, ok = b.rollout.wait(ctx, client, b.failure, b.private, diags); !ok {
			return
		}
	}
	settle(&b.plan.DatabaseName, application.Database)
	b.save(b.plan)
}

// write sends what is needed to get to the plan, and sets the rollout of it.
func (b *binding) write(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) (*cloud.Application, bool) {
	name, target := b.plan.ApplicationName.ValueString(), b.plan.DatabaseInstanceName.ValueString()
	application, ok := lookBeforeDeploy(ctx, client, name, b.version, diags)
	switch {
	case !ok:
		return nil, false
	case application.Instance == target && b.version.IsNull():
		b.rollout = nil
		finishRollout(ctx, b.private, diags)
		return application, true
	case application.Version == "":
		b.plan.move(b.version).refuseUndeployed(application, diags)
		return nil, false
	}
	var err error
	if b.rollout, err = b.send(ctx, client, application, target); err != nil {
		addError(diags, fmt.Sprintf("Cannot bind application %q to database instance %q", name, target), err,
			fmt.Sprintf("As far as Terraform knows it still runs version %q on %q; the next plan looks again.", application.Version, application.Instance))
		return nil, false
	}
	return application, true
}

// send moves the application; where it is bound already and only another
// version is asked for, it deploys that.
func (b *binding) send(ctx context.Context, client *cloud.Client, application *cloud.Application, target string) (*rollout, error) {
	version := b.version.ValueString()
	if version == "" {
		version = application.Version
	}
	if b.moves {
		return move(ctx, client, application, target, version)
	}
	accepted, err := client.DeployVersion(ctx, application.Name, version)
	if err != nil {
		return nil, err
	}
	return &rollout{Version: accepted, Replaces: application.Version}, nil
}
