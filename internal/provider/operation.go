// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// commonModel holds the attributes that every resource has.
type commonModel struct {
	ID           types.String   `tfsdk:"id"`
	Organization types.String   `tfsdk:"organization"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

func (m *commonModel) common() *commonModel { return m }

// model is a pointer to the attributes of a resource.
type model[M any] interface {
	*M
	common() *commonModel
	label() string           // names the object in messages
	key() []types.String     // the values of the type's keys, in their order
	imported(names []string) // sets the keys, and the attributes that the API never returns to their defaults
}

// operations are the part of a resource's methods that is its own. Config, plan and state are nil in an operation where
// there is none: a create has no state, a destroy no plan.
type operations[M any] interface {
	plan(ctx context.Context, o *operation[M])
	create(ctx context.Context, o *operation[M])
	read(ctx context.Context, o *operation[M])
	update(ctx context.Context, o *operation[M])
	delete(ctx context.Context, o *operation[M])
}

// managed is the part of a resource's methods that all resources share. Terraform calls its methods; each decodes what
// Terraform gives, bounds the time by the timeouts block, and hands over to the resource's own operation.
type managed[M any, P model[M]] struct {
	resourceBase
	typeName  string
	importing importing
	own       operations[M]
}

var _ interface {
	resource.ResourceWithConfigure
	resource.ResourceWithIdentity
	resource.ResourceWithImportState
	resource.ResourceWithModifyPlan
} = (*databaseInstanceResource)(nil)

// operation is one call of Terraform about one object, with what it takes to carry it out.
type operation[M any] struct {
	config, plan, state *M
	private             privateState
	diags               *diag.Diagnostics

	session  *session
	label    string       // names the object in messages
	recorded types.String // the organization in the state; null for a create
	store    func(ctx context.Context, m *M) diag.Diagnostics
	remove   func(ctx context.Context)

	client       *cloud.Client // set by connect
	organization types.String  // likewise
}

// connect finds the client and the organization. It returns false and reports why if there is no login, or if the
// object belongs to another organization. Every operation connects before its first call.
func (o *operation[M]) connect(ctx context.Context) bool {
	var ok bool
	o.client, o.organization, ok = o.session.inOrganization(ctx, o.label, "state", o.recorded, o.diags)
	return ok
}

// save stores m in the state, or in the plan while Terraform plans. It can be called again after each step.
func (o *operation[M]) save(ctx context.Context, m *M) { o.diags.Append(o.store(ctx, m)...) }

func (r *managed[M, P]) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.typeName
	resp.ResourceBehavior.MutableIdentity = true // An organization can be renamed.
}

func (r *managed[M, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	o := &operation[M]{session: r.session, private: req.Private, diags: &resp.Diagnostics}
	if !req.State.Raw.IsNull() {
		o.state = decode[M](ctx, req.State, o.diags)
	}
	if !req.Plan.Raw.IsNull() {
		o.config, o.plan = decode[M](ctx, req.Config, o.diags), decode[M](ctx, req.Plan, o.diags)
		o.store = ifChanged(*o.plan, func(ctx context.Context, m *M) diag.Diagnostics { return resp.Plan.Set(ctx, m) })
	}
	if o.diags.HasError() {
		return
	}
	r.own.plan(ctx, o)
	if o.plan != nil && o.state != nil && r.session.renames(ctx, &P(o.plan).common().Organization) {
		o.save(ctx, o.plan)
	}
}

func (r *managed[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	o := &operation[M]{session: r.session, private: resp.Private, diags: &resp.Diagnostics, store: r.storing(&resp.State, resp.Identity)}
	o.config, o.plan = decode[M](ctx, req.Config, o.diags), decode[M](ctx, req.Plan, o.diags)
	plan := P(o.plan)
	o.label = plan.label()
	ctx, cancel := withTimeout(ctx, plan.common().Timeouts.Create, defaultCreateTimeout, o.diags)
	defer cancel()
	if !o.diags.HasError() {
		r.own.create(ctx, o)
	}
}

func (r *managed[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	o := &operation[M]{session: r.session, private: resp.Private, diags: &resp.Diagnostics}
	o.state = decode[M](ctx, req.State, o.diags)
	o.label, o.recorded = P(o.state).label(), P(o.state).common().Organization
	o.store, o.remove = ifChanged(*o.state, r.storing(&resp.State, resp.Identity)), resp.State.RemoveResource
	r.identify(ctx, resp.Identity, o.state) // The framework wants an identity of an object that is gone, too.
	if !o.diags.HasError() {
		r.own.read(ctx, o)
	}
}

func (r *managed[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	o := &operation[M]{session: r.session, private: resp.Private, diags: &resp.Diagnostics, store: r.storing(&resp.State, resp.Identity)}
	o.config, o.plan, o.state = decode[M](ctx, req.Config, o.diags), decode[M](ctx, req.Plan, o.diags), decode[M](ctx, req.State, o.diags)
	o.label, o.recorded = P(o.state).label(), P(o.state).common().Organization
	ctx, cancel := withTimeout(ctx, P(o.plan).common().Timeouts.Update, defaultUpdateTimeout, o.diags)
	defer cancel()
	if !o.diags.HasError() {
		r.own.update(ctx, o)
	}
}

// ifChanged stores only a model that differs from before. Most objects of a plan are unchanged, and to write one takes
// much longer than to compare it.
func ifChanged[M any](before M, store func(context.Context, *M) diag.Diagnostics) func(context.Context, *M) diag.Diagnostics {
	return func(ctx context.Context, m *M) diag.Diagnostics {
		if reflect.DeepEqual(before, *m) {
			return nil
		}
		return store(ctx, m)
	}
}

// storing stores a model in a state, with its identity.
func (r *managed[M, P]) storing(state *tfsdk.State, identity *tfsdk.ResourceIdentity) func(context.Context, *M) diag.Diagnostics {
	return func(ctx context.Context, m *M) diag.Diagnostics {
		r.identify(ctx, identity, m)
		return state.Set(ctx, m)
	}
}

func (r *managed[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	o := &operation[M]{session: r.session, diags: &resp.Diagnostics}
	o.state = decode[M](ctx, req.State, o.diags)
	state := P(o.state)
	o.label, o.recorded = state.label(), state.common().Organization
	ctx, cancel := withTimeout(ctx, state.common().Timeouts.Delete, defaultDeleteTimeout, o.diags)
	defer cancel()
	if !o.diags.HasError() {
		r.own.delete(ctx, o)
	}
}
