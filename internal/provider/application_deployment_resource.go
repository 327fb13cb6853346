// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const applicationDeploymentType = "dbos_application_deployment"

// defaultConfigFile is the application's configuration file, in its directory.
const defaultConfigFile = "dbos-config.yaml"

func newApplicationDeploymentResource() resource.Resource {
	r := &applicationDeploymentResource{}
	r.typeName, r.own = applicationDeploymentType, r
	r.importing = importing{keys: []key{applicationNameKey}, idText: applicationIDText}
	return r
}

// applicationDeploymentResource deploys a directory, or an earlier version, to an application: the counterpart of
// "dbos-cloud app deploy".
type applicationDeploymentResource struct {
	managed[applicationDeploymentModel, *applicationDeploymentModel]
}

type applicationDeploymentModel struct {
	commonModel
	ApplicationName types.String `tfsdk:"application_name"`
	SourceDir       types.String `tfsdk:"source_dir"`
	PreviousVersion types.String `tfsdk:"previous_version"`
	ConfigFile      types.String `tfsdk:"config_file"`
	ConfigVariables types.Map    `tfsdk:"config_variables"`
	Triggers        types.Map    `tfsdk:"triggers"`
	SourceHash      types.String `tfsdk:"source_hash"`
	Version         types.String `tfsdk:"version"`
	URL             types.String `tfsdk:"url"`
	DatabaseName    types.String `tfsdk:"database_name"`
}

func (m *applicationDeploymentModel) label() string { return applicationLabel(m.ApplicationName) }

func (m *applicationDeploymentModel) key() []types.String { return []types.String{m.ApplicationName} }

func (m *applicationDeploymentModel) imported(names []string) {
	m.ApplicationName, m.ConfigFile = types.StringValue(names[0]), types.StringValue(defaultConfigFile)
}

func (r *applicationDeploymentResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Deploys the code of an application: the files of a directory, or those of an earlier version. " +
			"A deploy makes a new version and runs the `migrate` commands of `dbos-config.yaml` on the application's database before that version serves; " +
			"if one of them fails, nothing is recorded and the next plan deploys again. Destroying a deployment leaves the application as it is.\n\n" +
			"An apply that is interrupted (Ctrl-C) while it waits for a version is continued by the next one, after `terraform untaint`. " +
			"One that is killed (SIGKILL, a lost machine) just after the service has accepted a deploy is not: Terraform saves nothing before an operation ends, " +
			"so that the next apply deploys the same files again, and their migrations run again.\n\n" +
			"~> **Be careful with breaking schema changes** such as deleting or renaming a column: they may break workflows that still run on an earlier version.",
		Attributes: map[string]schema.Attribute{
			"id":               computedText("The name of the application, once it is deployed."),
			"organization":     organizationAttribute(),
			"application_name": applicationNameAttribute("Application to deploy to. It is registered by `dbos_application` or the `dbos-cloud` CLI. Another one is another deployment."),
			"source_dir": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Directory of the application; a leading `~/` is your home directory. It is deployed when its content changes, less what the `dbos-cloud` CLI leaves out, what `.dbosignore` names, and Terraform's own files. " +
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
			"database_name": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Name of the application's own database, which its first deploy makes. What refers to it is applied after the deploy.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *applicationDeploymentResource) plan(ctx context.Context, o *operation[applicationDeploymentModel]) {
	plan, state := o.plan, o.state
	if plan == nil || state != nil && !plan.ApplicationName.Equal(state.ApplicationName) {
		return
	}
	r.planDeploy(ctx, plan, state, o.diags)
	if state != nil && unfinishedRollout(ctx, o.private, o.diags) != nil {
		plan.URL, plan.DatabaseName = types.StringUnknown(), unlessRecorded(state.DatabaseName)
	}
	o.save(ctx, plan)
}

func (r *applicationDeploymentResource) create(ctx context.Context, o *operation[applicationDeploymentModel]) {
	if !o.connect(ctx) {
		return
	}
	o.plan.ID, o.plan.Organization = o.plan.ApplicationName, o.organization
	d := deploy{
		plan: o.plan, private: o.private,
		failure: applicationUnready(applicationDeploymentType, o.plan.ApplicationName.ValueString(), "create", true),
		save:    func() { o.save(ctx, o.plan) },
	}
	d.run(ctx, o.client, o.diags)
}

func (r *applicationDeploymentResource) read(ctx context.Context, o *operation[applicationDeploymentModel]) {
	state := o.state
	application := readApplication(ctx, o, state.ApplicationName)
	if application == nil {
		return
	}
	o.session.refreshed.Store(true)
	state.ID, state.Organization = state.ApplicationName, o.organization
	state.DatabaseName = observed(state.DatabaseName, application.Database)
	if unfinishedRollout(ctx, o.private, o.diags).observe(ctx, application, o.private, o.diags) {
		state.URL = observed(state.URL, application.URL)
	}
	o.save(ctx, state)
}

func (r *applicationDeploymentResource) update(ctx context.Context, o *operation[applicationDeploymentModel]) {
	d := deploy{
		plan: o.plan, state: o.state, private: o.private, rollout: unfinishedRollout(ctx, o.private, o.diags),
		failure: applicationUnready(applicationDeploymentType, o.plan.ApplicationName.ValueString(), "update", false),
		save:    func() { o.save(ctx, o.plan) },
	}
	if !o.plan.Version.IsUnknown() && d.rollout == nil {
		d.save()
	} else if o.connect(ctx) {
		d.run(ctx, o.client, o.diags)
	}
}

// delete forgets the deployment: what was deployed serves on.
func (r *applicationDeploymentResource) delete(ctx context.Context, o *operation[applicationDeploymentModel]) {
	o.connect(ctx)
}
