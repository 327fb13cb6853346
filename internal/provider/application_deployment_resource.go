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
		MarkdownDescription: "Deploys the code of an application: the files of a directory, or the files of an earlier version. " +
			"Each deploy creates a new version. Before the version serves, DBOS Cloud runs the `migrate` commands of `dbos-config.yaml` on the application's database. " +
			"If a command fails, the state does not change and the next plan deploys again. Destroying a deployment does not change the application.\n\n" +
			"If you interrupt an apply (Ctrl-C) while it waits for a version, run `terraform untaint`; the next apply waits for the same version. " +
			"If the apply is killed (SIGKILL, a lost machine) just after DBOS Cloud has accepted a deploy, Terraform has not saved it yet: " +
			"the next apply deploys the same files again, and their migrations run again.\n\n" +
			"~> **Be careful with breaking schema changes** such as deleting or renaming a column. They may break workflows that still run on an earlier version.",
		Attributes: map[string]schema.Attribute{
			"id":               computedText("Name of the application. It is known only when the application is deployed."),
			"organization":     organizationAttribute(),
			"application_name": applicationNameAttribute("Application to deploy. Register it with `dbos_application` or with the `dbos-cloud` CLI. A change replaces the deployment."),
			"source_dir": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Directory of the application. A leading `~/` is your home directory. Terraform deploys it when its content changes. It leaves out what the `dbos-cloud` CLI leaves out, what `.dbosignore` lists, and Terraform's own files. " +
					"The plan compares the files that exist at that time: if the same apply builds them, refer to an attribute of the resource that builds them, here or in `triggers`. Otherwise they are deployed one apply late. " +
					"Set exactly one of `source_dir` and `previous_version`.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("previous_version"))},
			},
			"previous_version": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Earlier version to deploy again, instead of `source_dir`. A change deploys it.",
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
				MarkdownDescription: "Values for `${NAME}` in `config_file`. A name without a value is an error, except `PGPASSWORD` and `DBOS_DATABASE_URL`: they stay empty, because DBOS Cloud sets them. " +
					"The state stores the values, and they are deployed with the file. For secrets, use `dbos_application_secret`.",
			},
			"triggers": schema.MapAttribute{
				ElementType:         types.StringType,
				Optional:            true,
				MarkdownDescription: "Any values. A change of one of them deploys, for example the version of a secret, or the hash of a build in the same apply.",
			},
			"source_hash": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Hash of the deployed files. Null with `previous_version`.",
			},
			"version": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Version that this deployment created. Deploys outside Terraform do not change it.",
			},
			"url": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "URL of the application.",
			},
			"database_name": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Name of the application's own database. The first deploy creates the database: refer to this attribute to run after it.",
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
