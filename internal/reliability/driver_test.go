// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

// config is what a configuration sets; all else is null.
type config map[string]any

// object is a resource as Terraform stores it.
type object struct {
	kind     string
	value    tftypes.Value
	identity *tfprotov6.ResourceIdentityData
	private  []byte
}

// server is the protocol with the parts that this provider serves.
type server interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

// driver is one run of Terraform as the provider sees it: it calls the provider's methods in Terraform's order.
type driver struct {
	ctx    context.Context
	server server
	schema *tfprotov6.GetProviderSchemaResponse

	mu   sync.Mutex
	said bytes.Buffer // summaries and details of all diagnostics
	log  bytes.Buffer // at TRACE
}

// Write takes the log.
func (d *driver) Write(line []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(line)
}

// output is everything that a user could see, and the log.
func (d *driver) output() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.said.String() + d.log.String()
}

// drive starts a provider and configures it.
func drive(ctx context.Context, options provider.Options) (*driver, error) {
	d := &driver{}
	d.ctx = tflogtest.RootLogger(ctx, d)
	serving, ok := providerserver.NewProtocol6(provider.NewWithOptions(options)())().(server)
	if !ok {
		return nil, errors.New("the provider serves no lists or no actions")
	}
	d.server = serving
	var err error
	if d.schema, err = schema(); err != nil {
		return nil, err
	}
	encoded, err := encode(valueOf(d.schema.Provider.Block, config{}))
	if err != nil {
		return nil, err
	}
	resp, err := d.server.ConfigureProvider(d.ctx, &tfprotov6.ConfigureProviderRequest{Config: encoded, TerraformVersion: "1.15.0"})
	if err != nil || d.report(resp.Diagnostics) {
		return nil, d.failed("configure", err)
	}
	return d, nil
}

// schema is the same for every driver.
var schema = sync.OnceValues(func() (*tfprotov6.GetProviderSchemaResponse, error) {
	return providerserver.NewProtocol6(provider.New("test")())().GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
})

// report collects diagnostics, and tells whether there is an error among them.
func (d *driver) report(diagnostics []*tfprotov6.Diagnostic) (failed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range diagnostics {
		fmt.Fprintf(&d.said, "%s: %s\n%s\n", one.Severity, one.Summary, one.Detail)
		failed = failed || one.Severity == tfprotov6.DiagnosticSeverityError
	}
	return failed
}

// failed is an error about the protocol, or else about what the diagnostics say.
func (d *driver) failed(what string, err error) error {
	if err == nil {
		err = errors.New(d.said.String())
	}
	return fmt.Errorf("%s: %w", what, err)
}

// apply plans and applies a configuration over prior; without a configuration it destroys. It returns what Terraform
// would store.
func (d *driver) apply(kind string, prior *object, set config) (after *object, ok bool, err error) {
	schema := d.schema.ResourceSchemas[kind]
	null := tftypes.NewValue(schema.ValueType(), nil)
	configured, proposed, before := null, null, null
	var private []byte
	if prior != nil {
		before, private = prior.value, prior.private
	}
	if set != nil {
		configured = valueOf(schema.Block, set)
		if proposed, err = propose(schema.Block, configured, before); err != nil {
			return prior, false, err
		}
	}
	encodedConfig, encodedBefore, encodedProposed, err := encodeAll(configured, before, proposed)
	if err != nil {
		return prior, false, err
	}
	planned, err := d.server.PlanResourceChange(d.ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: kind, Config: encodedConfig, PriorState: encodedBefore, ProposedNewState: encodedProposed, PriorPrivate: private,
	})
	if err != nil || d.report(planned.Diagnostics) {
		return prior, false, err
	}
	if set != nil {
		value, err := planned.PlannedState.Unmarshal(schema.ValueType())
		if err != nil || value.Equal(before) {
			return prior, true, err
		}
	}
	applied, err := d.server.ApplyResourceChange(d.ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: kind, Config: encodedConfig, PriorState: encodedBefore, PlannedState: planned.PlannedState,
		PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: planned.PlannedIdentity,
	})
	if err != nil {
		return prior, false, err
	}
	failed := d.report(applied.Diagnostics)
	value, err := applied.NewState.Unmarshal(schema.ValueType())
	if err != nil || value.IsNull() {
		return nil, !failed, err
	}
	return &object{kind: kind, value: value, private: applied.Private, identity: applied.NewIdentity}, !failed, nil
}

// changes tells whether a plan over o would change something.
func (d *driver) changes(o *object, set config) (bool, error) {
	schema := d.schema.ResourceSchemas[o.kind]
	configured := valueOf(schema.Block, set)
	proposed, err := propose(schema.Block, configured, o.value)
	if err != nil {
		return false, err
	}
	encodedConfig, encodedBefore, encodedProposed, err := encodeAll(configured, o.value, proposed)
	if err != nil {
		return false, err
	}
	planned, err := d.server.PlanResourceChange(d.ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: o.kind, Config: encodedConfig, PriorState: encodedBefore, ProposedNewState: encodedProposed, PriorPrivate: o.private,
	})
	if err != nil || d.report(planned.Diagnostics) {
		return true, err
	}
	value, err := planned.PlannedState.Unmarshal(schema.ValueType())
	return err != nil || !value.Equal(o.value), err
}

// read refreshes an object; nil means that it is gone.
func (d *driver) read(o *object) (*object, bool, error) {
	encoded, err := encode(o.value)
	if err != nil {
		return o, false, err
	}
	resp, err := d.server.ReadResource(d.ctx, &tfprotov6.ReadResourceRequest{
		TypeName: o.kind, CurrentState: encoded, Private: o.private, CurrentIdentity: o.identity,
	})
	if err != nil || d.report(resp.Diagnostics) {
		return o, false, err
	}
	value, err := resp.NewState.Unmarshal(d.schema.ResourceSchemas[o.kind].ValueType())
	if err != nil || value.IsNull() {
		return nil, err == nil, err
	}
	return &object{kind: o.kind, value: value, private: resp.Private, identity: resp.NewIdentity}, true, nil
}

// adopt imports an object and reads it.
func (d *driver) adopt(kind, id string) (*object, bool, error) {
	resp, err := d.server.ImportResourceState(d.ctx, &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id})
	if err != nil || d.report(resp.Diagnostics) {
		return nil, false, err
	}
	imported := resp.ImportedResources[0]
	value, err := imported.State.Unmarshal(d.schema.ResourceSchemas[kind].ValueType())
	if err != nil {
		return nil, false, err
	}
	return d.read(&object{kind: kind, value: value, private: imported.Private, identity: imported.Identity})
}

// look reads a data source.
func (d *driver) look(kind string, set config) (bool, error) {
	encoded, err := encode(valueOf(d.schema.DataSourceSchemas[kind].Block, set))
	if err != nil {
		return false, err
	}
	resp, err := d.server.ReadDataSource(d.ctx, &tfprotov6.ReadDataSourceRequest{TypeName: kind, Config: encoded})
	return err == nil && !d.report(resp.Diagnostics), err
}

// open opens an ephemeral resource.
func (d *driver) open(kind string, set config) (bool, error) {
	encoded, err := encode(valueOf(d.schema.EphemeralResourceSchemas[kind].Block, set))
	if err != nil {
		return false, err
	}
	resp, err := d.server.OpenEphemeralResource(d.ctx, &tfprotov6.OpenEphemeralResourceRequest{TypeName: kind, Config: encoded})
	return err == nil && !d.report(resp.Diagnostics), err
}

// list lists with whole objects.
func (d *driver) list(kind string, set config) (bool, error) {
	encoded, err := encode(valueOf(d.schema.ListResourceSchemas[kind].Block, set))
	if err != nil {
		return false, err
	}
	stream, err := d.server.ListResource(d.ctx, &tfprotov6.ListResourceRequest{TypeName: kind, Config: encoded, IncludeResource: true, Limit: 100})
	if err != nil {
		return false, err
	}
	ok := true
	for found := range stream.Results {
		ok = !d.report(found.Diagnostics) && ok
	}
	return ok, nil
}

// invoke runs an action.
func (d *driver) invoke(kind string, set config) (bool, error) {
	encoded, err := encode(valueOf(d.schema.ActionSchemas[kind].Schema.Block, set))
	if err != nil {
		return false, err
	}
	stream, err := d.server.InvokeAction(d.ctx, &tfprotov6.InvokeActionRequest{ActionType: kind, Config: encoded})
	if err != nil {
		return false, err
	}
	ok := true
	for event := range stream.Events {
		if completed, isLast := event.Type.(tfprotov6.CompletedInvokeActionEventType); isLast {
			ok = !d.report(completed.Diagnostics) && ok
		}
	}
	return ok, nil
}

// valueOf is a block of a configuration.
func valueOf(block *tfprotov6.SchemaBlock, set config) tftypes.Value {
	values := map[string]tftypes.Value{}
	for _, attribute := range block.Attributes {
		values[attribute.Name] = attributeValue(attribute.ValueType(), set[attribute.Name])
	}
	for _, nested := range block.BlockTypes {
		inner, isSet := set[nested.TypeName].(config)
		if !isSet {
			values[nested.TypeName] = tftypes.NewValue(nested.ValueType(), nil)
			continue
		}
		values[nested.TypeName] = valueOf(nested.Block, inner)
	}
	return tftypes.NewValue(block.ValueType(), values)
}

func attributeValue(typ tftypes.Type, value any) tftypes.Value {
	if texts, isMap := value.(map[string]string); isMap {
		elements := map[string]tftypes.Value{}
		for key, text := range texts {
			elements[key] = tftypes.NewValue(tftypes.String, text)
		}
		return tftypes.NewValue(typ, elements)
	}
	return tftypes.NewValue(typ, value)
}

// propose is what Terraform proposes: the configuration, and prior values of what is computed.
func propose(block *tfprotov6.SchemaBlock, configured, before tftypes.Value) (tftypes.Value, error) {
	var values, prior map[string]tftypes.Value
	if err := configured.As(&values); err != nil {
		return tftypes.Value{}, err
	}
	if !before.IsNull() {
		if err := before.As(&prior); err != nil {
			return tftypes.Value{}, err
		}
	}
	for _, attribute := range block.Attributes {
		switch {
		case attribute.WriteOnly:
			values[attribute.Name] = tftypes.NewValue(attribute.ValueType(), nil)
		case attribute.Computed && values[attribute.Name].IsNull() && prior != nil:
			values[attribute.Name] = prior[attribute.Name]
		}
	}
	return tftypes.NewValue(configured.Type(), values), nil
}

func encode(value tftypes.Value) (*tfprotov6.DynamicValue, error) {
	encoded, err := tfprotov6.NewDynamicValue(value.Type(), value)
	return &encoded, err
}

func encodeAll(a, b, c tftypes.Value) (ea, eb, ec *tfprotov6.DynamicValue, err error) {
	if ea, err = encode(a); err == nil {
		if eb, err = encode(b); err == nil {
			ec, err = encode(c)
		}
	}
	return ea, eb, ec, err
}
