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

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

var _ resource.ResourceWithMoveState = (*databaseInstanceResource)(nil)

const databaseInstanceType = "dbos_database_instance"

func newDatabaseInstanceResource() resource.Resource { return newDatabaseInstance() }

func newDatabaseInstance() *databaseInstanceResource {
	r := &databaseInstanceResource{}
	r.typeName, r.own = databaseInstanceType, r
	r.importing = importing{keys: []key{instanceKey}, idText: "The import id of a database instance is its name."}
	return r
}

// databaseInstanceResource provisions a Postgres database instance, the counterpart of "dbos-cloud db provision".
type databaseInstanceResource struct {
	managedInstance[instanceModel, *instanceModel]
}

func (r *databaseInstanceResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := instanceAttributes()
	attributes["username"] = schema.StringAttribute{
		Required: true,
		MarkdownDescription: "Role that you log in with: 3 to 16 characters of `a-z`, `0-9` and `_`, the first one a letter. " +
			"`dbosadmin`, `dbos`, `postgres` and `admin` are reserved. A change replaces the instance.",
		Validators:    []validator.String{rule("username", "1 to 63 characters of a-z, 0-9, _ and -", cloud.CheckUsername)},
		PlanModifiers: []planmodifier.String{replaceIfKnownBefore()},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Provisions a Postgres database instance. One instance can host the databases of many applications.\n\n" +
			"~> **Destroying a database instance irreversibly deletes all data in it.** `deletion_protection` is on by default and prevents this: " +
			"a plan that destroys or replaces the instance fails, and `-replace`, a taint and `replace_triggered_by` fail during the apply, before anything is changed.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": timeoutsBlock(ctx)},
	}
}

func (r *databaseInstanceResource) plan(ctx context.Context, o *operation[instanceModel]) {
	plan, state := o.plan, o.state
	switch {
	case plan == nil:
		state.protection(r.typeName).refuseDestroy(o.diags)
	case state == nil:
		checkNew("instance name", "name", plan.Name, cloud.CheckNewInstanceName, o.diags)
		checkNew("username", "username", plan.Username, cloud.CheckNewUsername, o.diags)
		o.config.password().require("database instance", o.diags)
	case !plan.Name.Equal(state.Name):
		state.protection(r.typeName).refuseReplacement("name", plan.DeletionProtection, o.diags)
	case !state.Username.IsNull() && !plan.Username.Equal(state.Username):
		state.protection(r.typeName).refuseReplacement("username", plan.DeletionProtection, o.diags)
	default:
		plan.planUpdate(o.config, state, o.diags)
		o.save(ctx, plan)
	}
}

func (r *databaseInstanceResource) create(ctx context.Context, o *operation[instanceModel]) {
	if !o.connect(ctx) {
		return
	}
	state, secret := *o.plan, o.config.password().configured()
	state.made(o.organization)
	s := readySteps{
		client: o.client, until: cloud.Created, model: &state, password: o.plan.passwordModel,
		failure: r.unready(o.plan, "create", true),
		save:    func() { o.save(ctx, &state) },
	}
	found, err := o.client.CreateInstance(ctx, cloud.NewInstance{
		Name:     o.plan.Name.ValueString(),
		Username: o.plan.Username.ValueString(),
		Password: secret.ValueString(),
	})
	if found || err != nil {
		state.passwordModel = passwordModel{}
		s.secret = secret
	}
	if s.accepted(err, o.diags) {
		s.run(ctx, o.diags)
	}
}

// MoveState lets a restored instance become an ordinary one, by a moved block and without a call: all that is left
// behind is its origin.
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
				resp.Diagnostics.Append(r.storing(&resp.TargetState, resp.TargetIdentity)(ctx, &source.instanceModel)...)
			}
		},
	}}
}
