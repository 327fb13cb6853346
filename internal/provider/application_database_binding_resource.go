// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

const applicationDatabaseBindingType = "dbos_application_database_binding"

func newApplicationDatabaseBindingResource() resource.Resource {
	r := &applicationDatabaseBindingResource{}
	r.typeName, r.own = applicationDatabaseBindingType, r
	r.importing = importing{keys: []key{applicationNameKey}, idText: applicationIDText, marked: true}
	return r
}

// applicationDatabaseBindingResource holds an application, whoever registered it, on a database instance: the
// counterpart of "dbos-cloud app change-database-instance".
type applicationDatabaseBindingResource struct {
	managed[applicationDatabaseBindingModel, *applicationDatabaseBindingModel]
}

type applicationDatabaseBindingModel struct {
	commonModel
	ApplicationName      types.String `tfsdk:"application_name"`
	DatabaseInstanceName types.String `tfsdk:"database_instance_name"`
	PreviousVersion      types.String `tfsdk:"previous_version"`
	DatabaseName         types.String `tfsdk:"database_name"`
}

func (m *applicationDatabaseBindingModel) label() string { return applicationLabel(m.ApplicationName) }

func (m *applicationDatabaseBindingModel) key() []types.String {
	return []types.String{m.ApplicationName}
}

func (m *applicationDatabaseBindingModel) imported(names []string) {
	m.ApplicationName = types.StringValue(names[0])
}

func (r *applicationDatabaseBindingResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Keeps an application on a database instance. It moves the application there with its running version or with an earlier one. " +
			"Use it for applications that Terraform does not register, because developers deploy them with the `dbos-cloud` CLI. " +
			"For an application that Terraform registers, change `database_instance_name` of its `dbos_application` instead. " +
			"If you use both for one application, its `dbos_application` needs `ignore_changes = [database_instance_name]`.\n\n" +
			"If somebody moves the application to another instance, the next apply moves it back. Destroying a binding does not change the application.",
		Attributes: map[string]schema.Attribute{
			"id":                     computedText("Name of the application. It is known only when the application is on the instance."),
			"organization":           organizationAttribute(),
			"application_name":       applicationNameAttribute("Application to keep on the instance. A change replaces the binding."),
			"database_instance_name": instanceNameAttribute("Database instance that the application should run on. A change moves the application: DBOS Cloud deploys its version on the new instance, and **its migrations run there**."),
			"previous_version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Version to deploy when the binding is created and when this attribute changes, such as the `running_version` of `dbos_application_versions`. " +
					"Default: the running version. If you remove the attribute, nothing changes. If somebody has moved the application, Terraform moves it back with the version that runs at that time.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"database_name": computedText("Name of the application's own database on the instance."),
		},
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *applicationDatabaseBindingResource) plan(ctx context.Context, o *operation[applicationDatabaseBindingModel]) {
	if o.plan == nil || o.state != nil && !o.plan.ApplicationName.Equal(o.state.ApplicationName) {
		return
	}
	plan, state := o.plan, &applicationDatabaseBindingModel{}
	if o.state != nil {
		state = o.state
	}
	if !plan.DatabaseInstanceName.Equal(state.DatabaseInstanceName) {
		version := types.StringNull()
		if plan.deploys(state) {
			version = plan.PreviousVersion
		}
		plan.move(version).check(r.plannedApplication(ctx, plan.ApplicationName), o.diags)
	}
	if o.state == nil {
		return
	}
	if unfinishedRollout(ctx, o.private, o.diags) != nil {
		plan.DatabaseName = types.StringUnknown()
		o.save(ctx, plan)
	}
	imported, problems := o.private.GetKey(ctx, importedKey)
	o.diags.Append(problems...)
	if imported != nil && plan.deploys(state) {
		o.diags.AddAttributeWarning(path.Root("previous_version"), fmt.Sprintf("Application %q will be deployed", plan.ApplicationName.ValueString()),
			fmt.Sprintf("The binding was imported, and the API does not return which version was requested before. Therefore this apply deploys %s once. "+
				"To leave the application as it is, remove previous_version from the configuration.", versionText(plan.PreviousVersion)))
	}
}

func (r *applicationDatabaseBindingResource) create(ctx context.Context, o *operation[applicationDatabaseBindingModel]) {
	if !o.connect(ctx) {
		return
	}
	o.plan.ID, o.plan.Organization = o.plan.ApplicationName, o.organization
	b := binding{
		plan: o.plan, version: o.plan.PreviousVersion, moves: true, private: o.private,
		failure: applicationUnready(applicationDatabaseBindingType, o.plan.ApplicationName.ValueString(), "create", true),
		save:    func(m *applicationDatabaseBindingModel) { o.save(ctx, m) },
	}
	b.run(ctx, o.client, o.diags)
}

func (r *applicationDatabaseBindingResource) read(ctx context.Context, o *operation[applicationDatabaseBindingModel]) {
	state := o.state
	application := readApplication(ctx, o, state.ApplicationName)
	if application == nil {
		return
	}
	state.ID, state.Organization = state.ApplicationName, o.organization
	state.DatabaseName = observed(state.DatabaseName, application.Database)
	if unfinishedRollout(ctx, o.private, o.diags).observe(ctx, application, o.private, o.diags) {
		state.DatabaseInstanceName = observed(state.DatabaseInstanceName, application.Instance)
	}
	o.save(ctx, state)
}

func (r *applicationDatabaseBindingResource) update(ctx context.Context, o *operation[applicationDatabaseBindingModel]) {
	plan, state := o.plan, o.state
	b := binding{
		plan: plan, moves: !plan.DatabaseInstanceName.Equal(state.DatabaseInstanceName), private: o.private,
		rollout: unfinishedRollout(ctx, o.private, o.diags),
		failure: applicationUnready(applicationDatabaseBindingType, plan.ApplicationName.ValueString(), "update", false),
		save:    func(m *applicationDatabaseBindingModel) { o.save(ctx, m) },
	}
	if plan.deploys(state) {
		b.version = plan.PreviousVersion
	}
	if !b.moves && b.version.IsNull() && b.rollout == nil {
		b.save(plan)
	} else if o.connect(ctx) {
		b.run(ctx, o.client, o.diags)
	}
}

// delete forgets the binding: an application cannot be without an instance.
func (r *applicationDatabaseBindingResource) delete(ctx context.Context, o *operation[applicationDatabaseBindingModel]) {
	o.connect(ctx)
}

// deploys tells whether the plan asks for another version than before.
func (m *applicationDatabaseBindingModel) deploys(state *applicationDatabaseBindingModel) bool {
	return !m.PreviousVersion.IsNull() && !m.PreviousVersion.Equal(state.PreviousVersion)
}

// move is the move to the planned instance. A null version is the one that runs.
func (m *applicationDatabaseBindingModel) move(version types.String) plannedMove {
	return plannedMove{resource: applicationDatabaseBindingType, target: m.DatabaseInstanceName, version: version}
}

// binding moves an application to the planned instance and version, by one call at most, and waits for it.
type binding struct {
	plan    *applicationDatabaseBindingModel
	version types.String // to deploy; null for the one that runs
	moves   bool         // the state has another instance
	rollout *rollout     // to wait for, also of an earlier apply; nil if there is none
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

// write moves or deploys the application if it differs from the plan, and sets the rollout to wait for.
func (b *binding) write(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) (*cloud.Application, bool) {
	name, target := b.plan.ApplicationName.ValueString(), b.plan.DatabaseInstanceName.ValueString()
	deployer, ok := deployerOf(ctx, client, name, b.version, diags)
	if !ok {
		return nil, false
	}
	defer deployer.Close()
	application := &deployer.Application
	switch {
	case application.Instance == target && b.version.IsNull():
		b.rollout = nil
		finishRollout(ctx, b.private, diags)
		return application, true
	case application.Version == "":
		b.plan.move(b.version).refuseUndeployed(application, diags)
		return nil, false
	}
	var err error
	if b.rollout, err = b.send(ctx, deployer, target); err != nil {
		addError(diags, fmt.Sprintf("Cannot bind application %q to database instance %q", name, target), err,
			fmt.Sprintf("It probably still runs version %q on %q. Remove the cause and apply again: the next plan reads what runs.", application.Version, application.Instance))
		return nil, false
	}
	return application, true
}

// send moves the application. If only the version differs, it deploys that.
func (b *binding) send(ctx context.Context, deployer *cloud.Deployer, target string) (*rollout, error) {
	version := b.version.ValueString()
	if version == "" {
		version = deployer.Application.Version
	}
	if b.moves {
		return move(ctx, deployer, target, version)
	}
	accepted, err := deployer.DeployVersion(ctx, version)
	if err != nil {
		return nil, err
	}
	return &rollout{Version: accepted, Replaces: deployer.Application.Version}, nil
}
