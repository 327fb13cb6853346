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
	name := applicationNameAttribute("Name of the application. A new one has 3 to 30 characters of `a-z`, `0-9`, `_` and `-`, and is not called `secrets`; " +
		"existing ones of up to 256 characters can be imported. Another name is another application.")
	keep := []planmodifier.Int64{int64planmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Registers an application on a database instance and moves it to another one. " +
			"Its code is deployed by `dbos_application_deployment`, or by the `dbos-cloud` CLI. " +
			"For an application that Terraform does not register, use `dbos_application_database_binding`.\n\n" +
			"~> Destroying an application deletes its versions and secrets; with `drop_database_on_destroy` it **irreversibly deletes its database** too.",
		Attributes: map[string]schema.Attribute{
			"id":           computedText("The name, once the application is registered. Refer to the application through it."),
			"organization": organizationAttribute(),
			"name":         name,
			"database_instance_name": instanceNameAttribute("Database instance that the application runs on. Another one moves a deployed application in place: " +
				"the version that runs, or `previous_version`, is deployed there, and **its migrations run there**. Before the first deploy it cannot be changed. Beside a `dbos_application_database_binding` of the same application, put it under `ignore_changes`."),
			"language": schema.StringAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Language of the application: `node`, `python`, `go` or `java`. Needed to register it and fixed afterwards; taking it out changes nothing. " +
					"The API never returns it, so that after an import the configured one is recorded without a call.",
				Validators:    []validator.String{rule("language", "one of node, python, go and java", cloud.CheckLanguage)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"executors_memory_mib": schema.Int64Attribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "Memory of an executor in MiB, 512 to 5120. A change takes effect at the next deploy; taking it out leaves the memory as it is. Default: the service's own.",
				Validators:          []validator.Int64{intRule("executor memory", "512 to 5120", cloud.CheckMemory)},
				PlanModifiers:       keep,
			},
			"min_executors": schema.Int64Attribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Least number of executors, not above `max_executors`. A change takes effect at the next deploy; taking it out leaves the number as it is. " +
					"The API never returns it, so that after an import the configured one is sent.",
				Validators:    []validator.Int64{int64validator.AtLeast(0)},
				PlanModifiers: keep,
			},
			"max_executors": schema.Int64Attribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "Greatest number of executors. Otherwise as `min_executors`.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
				PlanModifiers:       keep,
			},
			"time_travel": schema.BoolAttribute{
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
				MarkdownDescription: "Whether the application's history is recorded for time travel. Fixed once it is registered. " +
					"The API never returns it; after an import the configured one is recorded without a call. Default: `false`.",
			},
			"drop_database_on_destroy": schema.BoolAttribute{
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
				MarkdownDescription: "Whether destroying the application irreversibly deletes its database on the instance as well. The value that was last applied counts. Default: `false`.",
			},
			"previous_version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Version to deploy when another `database_instance_name` moves the application, such as the `running_version` of `dbos_application_versions`. " +
					"In a recovery, choose one whose migrations do not damage the data again. Changed alone it does nothing. Default: the version that runs.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"deletion_protection": schema.BoolAttribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "Whether the application is protected from being destroyed or replaced, which deletes its versions and secrets. " + protectionHelp + " Default: `false`.",
			},
			"application_id": computedText("Identifier that the service gave the application."),
			"database_name":  computedText("Name of the application's own database on the instance; null until the service tells it."),
			"url":            computedText("Address of the application; null until the service tells it."),
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
		addError(o.diags, "Cannot delete "+o.label, err, "It stays in the state. Apply again once the cause is removed.")
		return
	}
	if err := o.client.WaitApplicationGone(ctx, name); err != nil {
		addError(o.diags, "Cannot see the end of the deletion of "+o.label, err,
			"Its deletion was accepted and goes on. It stays in the state; apply again to see it gone.")
	}
}
