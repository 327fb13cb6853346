// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

var (
	_ resource.ResourceWithConfigure   = (*databaseInstanceResource)(nil)
	_ resource.ResourceWithImportState = (*databaseInstanceResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*databaseInstanceResource)(nil)
	_ resource.ResourceWithMoveState   = (*databaseInstanceResource)(nil)
)

const databaseInstanceType = "dbos_database_instance"

func newDatabaseInstanceResource() resource.Resource {
	return &databaseInstanceResource{instanceBase{typeName: databaseInstanceType}}
}

// databaseInstanceResource provisions a Postgres database instance, the
// counterpart of "dbos-cloud db provision".
type databaseInstanceResource struct {
	instanceBase
}

func (r *databaseInstanceResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = databaseInstanceType
}

func (r *databaseInstanceResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := instanceAttributes()
	attributes["username"] = schema.StringAttribute{
		Required: true,
		MarkdownDescription: "Role that you log in with, 3 to 16 characters of `a-z`, `0-9` and `_` that begin with a letter; " +
			"`dbosadmin`, `dbos`, `postgres` and `admin` are reserved. It cannot be changed: another name is another instance.",
		Validators:    []validator.String{rule("username", "1 to 63 characters of a-z, 0-9, _ and -", cloud.CheckUsername)},
		PlanModifiers: []planmodifier.String{replaceIfKnownBefore()},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Provisions a Postgres database instance. One instance can host the databases of many applications.\n\n" +
			"~> **Destroying a database instance irreversibly deletes all data in it.** `deletion_protection` is on by default and refuses that at plan time.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *databaseInstanceResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	var config, plan, state instanceModel
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		state.protection(r.typeName).refuseDestroy(diags)
		return
	}
	diags.Append(req.Config.Get(ctx, &config)...)
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if diags.HasError() {
		return
	}

	switch {
	case req.State.Raw.IsNull():
		checkNew("instance name", "name", plan.Name, cloud.CheckNewInstanceName, diags)
		checkNew("username", "username", plan.Username, cloud.CheckNewUsername, diags)
		requirePassword(config.passwordModel, diags)
	case !plan.Name.Equal(state.Name):
		state.protection(r.typeName).refuseReplacement("name", plan.DeletionProtection, diags)
	case !state.Username.IsNull() && !plan.Username.Equal(state.Username):
		state.protection(r.typeName).refuseReplacement("username", plan.DeletionProtection, diags)
	default:
		plan.planUpdate(&config, &state, diags)
		diags.Append(resp.Plan.Set(ctx, &plan)...)
	}
}

func (r *databaseInstanceResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	diags := &resp.Diagnostics
	var config, plan instanceModel
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

	state := plan
	state.made(organization)
	s := settlement{
		client: client, until: cloud.Created, model: &state, password: plan.passwordModel,
		failure: r.unready(&plan, "create", true),
		save:    func() { diags.Append(resp.State.Set(ctx, &state)...) },
	}
	adopted, err := client.CreateInstance(ctx, cloud.NewInstance{
		Name:     plan.Name.ValueString(),
		Username: plan.Username.ValueString(),
		Password: config.secret().ValueString(),
	})
	if adopted || err != nil {
		state.passwordModel = passwordModel{}
		s.secret = config.secret()
	}
	if s.accepted(err, diags) {
		s.run(ctx, diags)
	}
}

func (r *databaseInstanceResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state instanceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.refresh(ctx, &state, &resp.Diagnostics) {
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	} else if !resp.Diagnostics.HasError() {
		resp.State.RemoveResource(ctx)
	}
}

func (r *databaseInstanceResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var config, plan, state instanceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.update(ctx, &config, &plan, &state, func(m *instanceModel) {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}, &resp.Diagnostics)
}

func (r *databaseInstanceResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state instanceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.delete(ctx, &state, &resp.Diagnostics)
}

func (r *databaseInstanceResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByInstanceName(ctx, req, resp, "database instance", "deletion_protection", true)
}

// MoveState lets a restored instance become an ordinary one, by a moved block
// and without a call: all that is left behind is its origin.
func (r *databaseInstanceResource) MoveState(ctx context.Context) []resource.StateMover {
	var restore resource.SchemaResponse
	newDatabaseRestoreResource().Schema(ctx, resource.SchemaRequest{}, &restore)
	return []resource.StateMover{{
		SourceSchema: &restore.Schema,
		StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
			if req.SourceTypeName != databaseRestoreType || !strings.HasSuffix(req.SourceProviderAddress, "/dbos") || req.SourceState == nil {
				return
			}
			var source databaseRestoreModel
			resp.Diagnostics.Append(req.SourceState.Get(ctx, &source)...)
			if !resp.Diagnostics.HasError() {
				resp.Diagnostics.Append(resp.TargetState.Set(ctx, &source.instanceModel)...)
			}
		},
	}}
}
