// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

const applicationSecretType = "dbos_application_secret"

func newApplicationSecretResource() resource.Resource { return newApplicationSecret() }

func newApplicationSecret() *applicationSecretResource {
	r := &applicationSecretResource{}
	r.typeName, r.own = applicationSecretType, r
	r.importing = importing{
		keys:   []key{applicationNameKey, secretKey},
		idText: "The import id of a secret is APP/NAME: the name of the application and that of the secret.",
	}
	return r
}

// applicationSecretResource sets an environment variable of an application, the counterpart of "dbos-cloud app env
// create" and "delete". The control plane answers only its name.
type applicationSecretResource struct {
	managed[applicationSecretModel, *applicationSecretModel]
}

type applicationSecretModel struct {
	commonModel
	ApplicationName types.String `tfsdk:"application_name"`
	Name            types.String `tfsdk:"name"`
	Value           types.String `tfsdk:"value"`
	ValueWO         types.String `tfsdk:"value_wo"`
	ValueWOVersion  types.Int64  `tfsdk:"value_wo_version"`
}

func (r *applicationSecretResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id":               computedText("`APP/NAME`: the names of the application and of the secret. It is known only when the secret is set."),
		"organization":     organizationAttribute(),
		"application_name": applicationNameAttribute("Application that the secret belongs to. A change replaces the secret."),
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name of the environment variable: a letter or `_`, then letters, digits and `_`. " +
				"`DBOS_DATABASE_URL` and `DBOS_APP_HOSTNAME` are reserved. A change replaces the secret.",
			Validators:    []validator.String{rule("secret name", "the name of an environment variable", cloud.CheckSecretName)},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
	}
	maps.Copy(attributes, sensitiveAttributes("value", "Value of the secret. It changes in place. If you remove the attribute, the secret keeps its value.",
		rule("secret value", "a value that is not empty", checkSecretValue)))
	resp.Schema = schema.Schema{
		MarkdownDescription: "Sets an environment variable of an application. The API never returns its value, so Terraform cannot see that somebody has changed it.\n\n" +
			"~> **A change takes effect at the next deploy.** To deploy after each change, add the version of the secret to `triggers` of the `dbos_application_deployment`.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *applicationSecretResource) plan(_ context.Context, o *operation[applicationSecretModel]) {
	plan, state := o.plan, o.state
	switch {
	case plan == nil:
	case state == nil:
		o.config.value().require("secret", o.diags)
	case plan.ApplicationName.Equal(state.ApplicationName) && plan.Name.Equal(state.Name):
		o.config.value().checkChange(state.label(), "sets it to the configured one", plan.value(), state.value(), o.diags)
	}
}

func (r *applicationSecretResource) create(ctx context.Context, o *operation[applicationSecretModel]) {
	plan := o.plan
	if !o.connect(ctx) || !plan.absent(ctx, o.client, o.diags) {
		return
	}
	plan.ID, plan.Organization = types.StringValue(plan.path()), o.organization
	err := o.client.CreateSecret(ctx, plan.ApplicationName.ValueString(), plan.Name.ValueString(), o.config.value().configured().ValueString())
	if cloud.OutcomeUnknown(err) {
		plan.Value, plan.ValueWOVersion = types.StringNull(), types.Int64Null()
	}
	createCall{
		resource: applicationSecretType, object: o.label, id: plan.path(), verb: "set", failed: notAdded,
	}.report(err, func() { o.save(ctx, plan) }, o.diags)
}

func (r *applicationSecretResource) read(ctx context.Context, o *operation[applicationSecretModel]) {
	state := o.state
	if !o.connect(ctx) {
		return
	}
	exists, err := o.client.HasSecret(ctx, state.ApplicationName.ValueString(), state.Name.ValueString())
	switch {
	case cloud.IsNotFound(err):
		o.remove(ctx)
	case err != nil:
		addError(o.diags, "Cannot read "+o.label, err, "")
	case !exists:
		o.remove(ctx)
	default:
		state.ID, state.Organization = types.StringValue(state.path()), o.organization
		o.save(ctx, state)
	}
}

func (r *applicationSecretResource) update(ctx context.Context, o *operation[applicationSecretModel]) {
	if o.plan.value().changed(o.state.value()) {
		if !o.connect(ctx) {
			return
		}
		if err := o.client.SetSecret(ctx, o.plan.ApplicationName.ValueString(), o.plan.Name.ValueString(), o.config.value().configured().ValueString()); err != nil {
			addError(o.diags, "Cannot set "+o.label, err, "Its value may still be the previous one. Remove the cause and apply again.")
			return
		}
	}
	o.save(ctx, o.plan)
}

func (r *applicationSecretResource) delete(ctx context.Context, o *operation[applicationSecretModel]) {
	if !o.connect(ctx) {
		return
	}
	if err := o.client.DeleteSecret(ctx, o.state.ApplicationName.ValueString(), o.state.Name.ValueString()); err != nil {
		addError(o.diags, "Cannot delete "+o.label, err, "It stays in the state. Remove the cause and apply again.")
	}
}

func checkSecretValue(value string) error {
	if value == "" {
		return errors.New("the value is empty; to delete a secret, remove its resource from the configuration")
	}
	return nil
}

// path is the id of the secret.
func (m *applicationSecretModel) path() string {
	return m.ApplicationName.ValueString() + "/" + m.Name.ValueString()
}

func (m *applicationSecretModel) label() string { return fmt.Sprintf("secret %q", m.path()) }

func (m *applicationSecretModel) key() []types.String {
	return []types.String{m.ApplicationName, m.Name}
}

func (m *applicationSecretModel) imported(names []string) {
	m.ApplicationName, m.Name = types.StringValue(names[0]), types.StringValue(names[1])
}

func (m *applicationSecretModel) value() sensitive {
	return sensitive{attribute: "value", ordinary: m.Value, writeOnly: m.ValueWO, version: m.ValueWOVersion}
}

// absent refuses to create a secret that exists already: to set it would replace its value.
func (m *applicationSecretModel) absent(ctx context.Context, client *cloud.Client, diags *diag.Diagnostics) bool {
	names, err := client.FreshSecrets(ctx, m.ApplicationName.ValueString())
	switch {
	case cloud.IsNotFound(err):
		addAttributeError(diags, "application_name", fmt.Sprintf("Application %q does not exist", m.ApplicationName.ValueString()),
			sentence(err.Error())+" Nothing was changed. Check the name, or register the application with dbos_application and refer to its id.")
	case err != nil:
		addError(diags, "Cannot look up "+m.label()+" before setting it", err, "Nothing was changed. "+applyAgain)
	case slices.Contains(names, m.Name.ValueString()):
		diags.AddError("Cannot create "+m.label()+": it exists already", takenHelp(applicationSecretType, m.path()))
	default:
		return true
	}
	return false
}
