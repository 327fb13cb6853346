// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

const applicationType = "dbos_application"

func newApplicationResource() resource.Resource { return newApplication() }

func newApplication() *applicationResource {
	r := &applicationResource{}
	r.typeName, r.own = applicationType, r
	r.importing = importing{keys: []key{applicationKey}, idText: applicationIDText, marked: true}
	return r
}

// applicationResource registers an application on a database instance, the counterpart of "dbos-cloud app register",
// "update" and "delete", and moves it to another one.
type applicationResource struct {
	managed[applicationModel, *applicationModel]
}

func (r *applicationResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	name := applicationNameAttribute("Name of the application: 3 to 30 characters of `a-z`, `0-9`, `_` and `-`, but not `secrets`. " +
		"Existing applications with up to 256 characters can be imported. A change replaces the application.")
	keep := []planmodifier.Int64{int64planmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Registers an application on a database instance, and moves it to another instance. " +
			"To deploy its code, use `dbos_application_deployment` or the `dbos-cloud` CLI. " +
			"To move an application that Terraform does not register, use `dbos_application_database_binding`.\n\n" +
			"~> Destroying an application deletes its versions and secrets. With `drop_database_on_destroy` it also **irreversibly deletes its database**.",
		Attributes: map[string]schema.Attribute{
			"id":           computedText("Name of the application. It is known only when the application is registered: refer to the application by `id`, and Terraform registers it first."),
			"organization": organizationAttribute(),
			"name":         name,
			"database_instance_name": instanceNameAttribute("Database instance that the application runs on. A change moves a deployed application in place: " +
				"DBOS Cloud deploys the running version, or `previous_version`, on the new instance, and **its migrations run there**. It cannot change before the first deploy. If a `dbos_application_database_binding` moves the same application, add this attribute to `ignore_changes`."),
			"language": schema.StringAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Language of the application: `node`, `python`, `go` or `java`. It is required for a new application and cannot change afterwards; you can then remove it from the configuration. " +
					"The API never returns it: after an import, the next apply writes the configured language to the state only.",
				Validators:    []validator.String{rule("language", "one of node, python, go and java", cloud.CheckLanguage)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"executors_memory_mib": schema.Int64Attribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "Memory of an executor in MiB, 512 to 5120. A change takes effect at the next deploy. If you remove the attribute, the memory stays as it is. Default: chosen by DBOS Cloud.",
				Validators:          []validator.Int64{intRule("executor memory", "512 to 5120", cloud.CheckMemory)},
				PlanModifiers:       keep,
			},
			"min_executors": schema.Int64Attribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Minimum number of executors, not above `max_executors`. A change takes effect at the next deploy. If you remove the attribute, the number stays as it is. " +
					"The API never returns it: after an import, the next apply sends the configured number.",
				Validators:    []validator.Int64{int64validator.AtLeast(0)},
				PlanModifiers: keep,
			},
			"max_executors": schema.Int64Attribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "Maximum number of executors. Changes and imports work as for `min_executors`.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
				PlanModifiers:       keep,
			},
			"time_travel": schema.BoolAttribute{
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
				MarkdownDescription: "Whether DBOS Cloud records the history of the application for time travel. It cannot change after the application is registered. " +
					"The API never returns it: after an import, the next apply writes the configured value to the state only. Default: `false`.",
			},
			"drop_database_on_destroy": schema.BoolAttribute{
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
				MarkdownDescription: "Whether destroying the application also irreversibly deletes its database on the instance. The value in the state counts: apply a change before you destroy. Default: `false`.",
			},
			"previous_version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Version to deploy when a changed `database_instance_name` moves the application, such as the `running_version` of `dbos_application_versions`. " +
					"In a recovery, choose a version whose migrations do not damage the data again. A change of this attribute alone does nothing. Default: the running version.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"deletion_protection": schema.BoolAttribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "Whether Terraform refuses to destroy or replace the application. Both delete its versions and secrets. " + protectionHelp + " Default: `false`.",
			},
			"application_id": computedText("Identifier that DBOS Cloud gave the application."),
			"database_name":  computedText("Name of the application's own database on the instance. Null until the API returns it."),
			"url":            computedText("URL of the application. Null until the API returns it."),
		},
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *applicationResource) plan(ctx context.Context, o *operation[applicationModel]) {
	plan, state := o.plan, o.state
	if plan == nil {
		state.protection().refuseDestroy(o.diags)
		return
	}
	plan.planProtection(o.config, state)
	switch {
	case state == nil:
		plan.planCreate(o.config, o.diags)
	case !plan.Name.Equal(state.Name):
		state.protection().refuseReplacement("name", plan.DeletionProtection, o.diags)
		return
	default:
		imported, problems := o.private.GetKey(ctx, importedKey)
		o.diags.Append(problems...)
		plan.keepFixed(state, imported != nil, o.diags)
		r.checkMove(ctx, plan, state, o.diags)
		if unfinishedRollout(ctx, o.private, o.diags) != nil {
			plan.URL = types.StringUnknown()
		}
	}
	plan.checkExecutors(o.diags)
	o.save(ctx, plan)
}

func (r *applicationResource) create(ctx context.Context, o *operation[applicationModel]) {
	if !o.connect(ctx) {
		return
	}
	plan, name := o.plan, o.plan.Name.ValueString()
	application, err := o.client.RegisterApplication(ctx, plan.registration())
	state := *plan
	state.registered(o.organization, application)
	save := func() { o.save(ctx, &state) }
	if !reportRegistration(plan, err, save, o.diags) {
		return
	}

	failure := applicationUnready(applicationType, name, "create", true)
	executors := cloud.ApplicationUpdate{MinExecutors: known(plan.MinExecutors), MaxExecutors: known(plan.MaxExecutors)}
	if err := o.client.UpdateApplication(cloud.UntilDeadline(ctx), name, executors); err != nil {
		addError(o.diags, "Cannot set the executors of "+plan.label(), err, "It is registered. "+failure.wayOn())
		return
	}
	state.MinExecutors, state.MaxExecutors = plan.MinExecutors, plan.MaxExecutors
	state.observe(application, o.organization)
	state.observeAfterWrite(ctx, application, o.private, o.diags)
	save()
}

func (r *applicationResource) read(ctx context.Context, o *operation[applicationModel]) {
	state := o.state
	application := readApplication(ctx, o, state.Name)
	if application == nil {
		return
	}
	state.observe(application, o.organization)
	state.observeMemory(ctx, application, o.private, o.diags)
	if unfinishedRollout(ctx, o.private, o.diags).observe(ctx, application, o.private, o.diags) {
		state.DatabaseInstanceName = observed(state.DatabaseInstanceName, application.Instance)
	}
	o.save(ctx, state)
}

func (r *applicationResource) update(ctx context.Context, o *operation[applicationModel]) {
	plan, state := o.plan, o.state
	u := applicationUpdate{
		plan: plan, next: *plan, settings: plan.settings(state),
		moves:   !plan.DatabaseInstanceName.Equal(state.DatabaseInstanceName),
		rollout: unfinishedRollout(ctx, o.private, o.diags),
		private: o.private,
	}
	u.save = func() { o.save(ctx, &u.next) }
	u.next.hold(state)
	u.save()
	if !plan.TimeTravel.Equal(state.TimeTravel) {
		o.diags.Append(o.private.SetKey(ctx, importedKey, nil)...)
	}
	if !u.callsNothing() && o.connect(ctx) {
		u.run(ctx, o.client, o.diags)
	}
}

func (r *applicationResource) delete(ctx context.Context, o *operation[applicationModel]) {
	if o.state.protection().refuseDelete(o.diags) || !o.connect(ctx) {
		return
	}
	name := o.state.Name.ValueString()
	if err := o.client.DeleteApplication(ctx, name, o.state.DropDatabaseOnDestroy.ValueBool()); err != nil {
		addError(o.diags, "Cannot delete "+o.label, err, "It stays in the state. Remove the cause and apply again.")
		return
	}
	if err := o.client.WaitApplicationGone(ctx, name); err != nil {
		addError(o.diags, "Cannot confirm the deletion of "+o.label, err,
			"The deletion was accepted and is still running. The object stays in the state. Apply again to confirm the deletion.")
	}
}
