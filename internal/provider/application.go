// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// applicationModel is a registered application.
type applicationModel struct {
	commonModel
	Name                  types.String `tfsdk:"name"`
	DatabaseInstanceName  types.String `tfsdk:"database_instance_name"`
	Language              types.String `tfsdk:"language"`
	ExecutorsMemoryMiB    types.Int64  `tfsdk:"executors_memory_mib"`
	MinExecutors          types.Int64  `tfsdk:"min_executors"`
	MaxExecutors          types.Int64  `tfsdk:"max_executors"`
	TimeTravel            types.Bool   `tfsdk:"time_travel"`
	DropDatabaseOnDestroy types.Bool   `tfsdk:"drop_database_on_destroy"`
	PreviousVersion       types.String `tfsdk:"previous_version"`
	DeletionProtection    types.Bool   `tfsdk:"deletion_protection"`
	ApplicationID         types.String `tfsdk:"application_id"`
	DatabaseName          types.String `tfsdk:"database_name"`
	URL                   types.String `tfsdk:"url"`
}

// applicationLabel names an application in messages.
func applicationLabel(name types.String) string {
	return fmt.Sprintf("application %q", name.ValueString())
}

func (m *applicationModel) label() string { return applicationLabel(m.Name) }

func (m *applicationModel) protection() protection {
	loss := "deletes its versions and its secrets"
	if m.DropDatabaseOnDestroy.ValueBool() {
		loss = "deletes its versions and its secrets, and irreversibly its database"
	}
	return protection{resource: applicationType, noun: "application", name: m.Name.ValueString(), loss: loss, on: m.DeletionProtection.ValueBool()}
}

func (m *applicationModel) key() []types.String { return []types.String{m.Name} }

func (m *applicationModel) imported(names []string) {
	m.Name = types.StringValue(names[0])
	m.TimeTravel, m.DropDatabaseOnDestroy, m.DeletionProtection = types.BoolValue(false), types.BoolValue(false), types.BoolValue(false)
}

// registration is the request that registers a planned application.
func (m *applicationModel) registration() cloud.NewApplication {
	return cloud.NewApplication{
		Name:       m.Name.ValueString(),
		Instance:   m.DatabaseInstanceName.ValueString(),
		Language:   m.Language.ValueString(),
		TimeTravel: m.TimeTravel.ValueBool(),
		MemoryMiB:  known(m.ExecutorsMemoryMiB),
	}
}

// settings is the request that changes the settings of state to the planned ones of m. A setting that is taken out of
// the configuration stays as it is.
func (m *applicationModel) settings(state *applicationModel) cloud.ApplicationUpdate {
	changed := func(planned, recorded types.Int64) *int64 {
		if planned.Equal(recorded) {
			return nil
		}
		return known(planned)
	}
	return cloud.ApplicationUpdate{
		MemoryMiB:    changed(m.ExecutorsMemoryMiB, state.ExecutorsMemoryMiB),
		MinExecutors: changed(m.MinExecutors, state.MinExecutors),
		MaxExecutors: changed(m.MaxExecutors, state.MaxExecutors),
	}
}

// known returns a pointer to the value, or nil if it is null or unknown.
func known(value types.Int64) *int64 {
	if value.IsUnknown() {
		return nil
	}
	return value.ValueInt64Pointer()
}

// registered records an application whose registration was accepted. Attributes that were not sent or answered yet are
// null. The application is nil if the outcome is unknown.
func (m *applicationModel) registered(organization types.String, application *cloud.Application) {
	m.ID = m.Name
	m.Organization = organization
	m.ApplicationID = types.StringNull()
	if application != nil {
		m.ApplicationID = nullIfEmpty(application.ID)
	}
	m.DatabaseName, m.URL = types.StringNull(), types.StringNull()
	m.MinExecutors, m.MaxExecutors = types.Int64Null(), types.Int64Null()
	if m.ExecutorsMemoryMiB.IsUnknown() {
		m.ExecutorsMemoryMiB = types.Int64Null()
	}
}

// observe records what the control plane answers, except instance and memory: these may be about to change. A value
// that the answer lacks stays as it was.
func (m *applicationModel) observe(application *cloud.Application, organization types.String) {
	m.ID = types.StringValue(application.Name)
	m.Name = types.StringValue(application.Name)
	m.Organization = organization
	m.ApplicationID = observed(m.ApplicationID, application.ID)
	m.DatabaseName = observed(m.DatabaseName, application.Database)
	m.URL = observed(m.URL, application.URL)
}

// observed returns the answered text, or the recorded one if the answer has none.
func observed(recorded types.String, answered string) types.String {
	if answered == "" && !recorded.IsUnknown() {
		return recorded
	}
	return nullIfEmpty(answered)
}

// settle sets a computed text to the answered value if the plan left it unknown. A planned value stays until the next
// refresh, because Terraform refuses an apply that differs from its plan.
func settle(text *types.String, answered string) {
	if text.IsUnknown() {
		*text = nullIfEmpty(answered)
	}
}

// readApplication reads the application of a resource. It returns nil if the application cannot be read. If the
// application is gone, it also removes the resource from the state.
func readApplication[M any](ctx context.Context, o *operation[M], name types.String) *cloud.Application {
	if !o.connect(ctx) {
		return nil
	}
	application, err := o.client.Application(ctx, name.ValueString())
	switch {
	case cloud.IsNotFound(err):
		o.remove(ctx)
	case err != nil:
		addError(o.diags, "Cannot read "+applicationLabel(name), err, "")
	default:
		return application
	}
	return nil
}

// deployerOf begins a deploy or a move of an application; the caller closes the deployer. It reports an error if the
// application does not exist, or if it has no such version. A null version is not checked.
func deployerOf(ctx context.Context, client *cloud.Client, name string, version types.String, diags *diag.Diagnostics) (*cloud.Deployer, bool) {
	deployer, err := client.NewDeployer(ctx, name)
	switch {
	case cloud.IsNotFound(err):
		addAttributeError(diags, "application_name", fmt.Sprintf("Application %q does not exist", name),
			sentence(err.Error())+" Nothing was changed. Check the name, or register the application with dbos_application and refer to its id.")
		return nil, false
	case err != nil:
		addError(diags, fmt.Sprintf("Cannot deploy application %q", name), err, "Nothing was changed. "+runAgain)
		return nil, false
	case deployer.Application.Deleting():
		addAttributeError(diags, "application_name", fmt.Sprintf("Application %q is being deleted", name),
			"Nothing was changed. When it is gone, register it again with dbos_application, or remove what refers to it from the configuration.")
	case version.IsNull() || hasVersion(ctx, deployer, version.ValueString(), diags):
		return deployer, true
	}
	deployer.Close()
	return nil, false
}

func hasVersion(ctx context.Context, deployer *cloud.Deployer, version string, diags *diag.Diagnostics) bool {
	application := deployer.Application.Name
	versions, err := deployer.Versions(ctx)
	if err != nil {
		addError(diags, fmt.Sprintf("Cannot read the versions of application %q", application), err, "Nothing was changed. "+runAgain)
		return false
	}
	if slices.ContainsFunc(versions, func(v cloud.ApplicationVersion) bool { return v.Version == version }) {
		return true
	}
	addAttributeError(diags, "previous_version", fmt.Sprintf("Application %q has no version %q", application, version),
		"Nothing was deployed. Choose another version: the data source dbos_application_versions lists them, and finds the one that ran at a given time.")
	return false
}

// applicationNameAttribute names an application that exists, or that the same apply registers.
func applicationNameAttribute(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: description,
		Validators:          applicationNameRules(),
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
}

// instanceNameAttribute names the database instance of an application.
func instanceNameAttribute(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: description,
		Validators:          instanceNameRules(),
	}
}

// applicationUnready describes a wait for an application.
func applicationUnready(typeName, application, limit string, created bool) unready {
	return unready{resource: typeName, noun: "Application", name: application, limit: limit, created: created}
}

// applicationIDText explains the import id in messages.
const applicationIDText = "The import id is the name of the application."

// isSet tells that a value is known and not null.
func isSet(value attr.Value) bool { return !value.IsNull() && !value.IsUnknown() }
