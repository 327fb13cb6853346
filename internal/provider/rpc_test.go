// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// quick is the product's timing for a server that answers at once.
var quick = cloud.Timing{
	Poll: 5 * time.Millisecond, LongestPoll: 5 * time.Millisecond, Settled: 20 * time.Millisecond,
	Appearing: 50 * time.Millisecond, Backoff: 5 * time.Millisecond, LongestBackoff: 5 * time.Millisecond,
	Shared: -1, // No read is shared, even within one tick of the clock.
}

// api is a control plane that answers as a test tells it to, in literal JSON: where the order of calls and odd answers
// are the subject, a server with a mind of its own would be in the way.
type api struct {
	mu      sync.Mutex
	answers map[string]func(body string) (int, string) // by "METHOD path", below the organization
	calls   []string                                   // "METHOD path body" of writes
}

const notFoundJSON = `{"message":%q,"statusCode":404,"requestID":"r1"}`

func (a *api) answer(call string, reply func(body string) (int, string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answers == nil {
		a.answers = map[string]func(string) (int, string){}
	}
	a.answers[call] = reply
}

// say makes the call answer a text with status 200.
func (a *api) say(call, text string) {
	a.answer(call, func(string) (int, string) { return http.StatusOK, text })
}

// fail makes the call answer an error of the API.
func (a *api) fail(call string, status int, message string) {
	a.answer(call, func(string) (int, string) {
		return status, fmt.Sprintf(`{"message":%q,"statusCode":%d,"requestID":"r1"}`, message, status)
	})
}

// interrupt makes looks at shop answer a text, but for the second one, which is refused and so ends a wait that has
// seen the text, however long all takes.
func (a *api) interrupt(text string) {
	var times atomic.Int64
	a.answer("GET applications/shop", func(string) (int, string) {
		if times.Add(1) == 2 {
			return http.StatusForbidden, `{"message":"interrupted","statusCode":403,"requestID":"r1"}`
		}
		return http.StatusOK, text
	})
}

// written returns the writes since the last time it was asked.
func (a *api) written() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls := a.calls
	a.calls = nil
	return calls
}

func (a *api) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	call := req.Method + " " + strings.TrimPrefix(req.URL.Path, "/v1alpha1/acme/")
	a.mu.Lock()
	if req.Method != http.MethodGet {
		a.calls = append(a.calls, strings.TrimSpace(call+" "+string(body)))
	}
	reply := a.answers[call]
	switch {
	case reply != nil:
	case call == "GET applications":
		reply = listOf(maps.Clone(a.answers), "GET applications/")
	case call == "GET databases":
		reply = listOf(maps.Clone(a.answers), "GET databases/userdb/info/")
	}
	a.mu.Unlock()
	status, text := http.StatusNotFound, ""
	if reply != nil {
		status, text = reply(string(body))
	} else if parts := strings.Split(call, "/"); len(parts) > 1 {
		text = fmt.Sprintf(notFoundJSON, "application "+parts[1]+" not found")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// listOf answers the objects that the single answers below a path tell of. An answer that is not one, such as an error,
// is that of the list too.
func listOf(answers map[string]func(string) (int, string), below string) func(string) (int, string) {
	return func(string) (int, string) {
		var items []string
		for call, reply := range answers {
			name, one := strings.CutPrefix(call, below)
			if !one || strings.Contains(name, "/") {
				continue
			}
			switch status, text := reply(""); status {
			case http.StatusOK:
				items = append(items, text)
			case http.StatusNotFound:
			default:
				return status, text
			}
		}
		return http.StatusOK, "[" + strings.Join(items, ",") + "]"
	}
}

// rpc drives the provider as Terraform does, one call of the protocol at a time.
type rpc struct {
	t          *testing.T
	server     tfprotov6.ProviderServer
	schemas    map[string]*tfprotov6.Schema
	sources    map[string]*tfprotov6.Schema
	lists      map[string]*tfprotov6.Schema
	actions    map[string]*tfprotov6.ActionSchema
	provider   *tfprotov6.Schema
	identities map[string]*tfprotov6.ResourceIdentitySchema
}

// object is a resource as Terraform stores it.
type object struct {
	kind     string
	value    tftypes.Value
	identity *tfprotov6.ResourceIdentityData
	private  []byte
}

// attributes are what a configuration sets: nil is null, unknown is unknown.
type attributes map[string]any

type unknownValue struct{}

var unknown unknownValue

// newRPC starts a provider against a control plane; nil is none, for plans that must not need one. The settings are
// those of the provider's configuration.
func newRPC(t *testing.T, a *api, settings ...attributes) *rpc {
	t.Helper()
	return startRPC(t, a, map[string]string{"DBOS_ORGANIZATION": "acme"}, settings...)
}

// newRPCOfProfile starts a provider that asks for its organization.
func newRPCOfProfile(t *testing.T, a *api) *rpc {
	t.Helper()
	return startRPC(t, a, map[string]string{})
}

func startRPC(t *testing.T, a *api, environment map[string]string, settings ...attributes) *rpc {
	t.Helper()
	environment["DBOS_TOKEN"], environment["DBOS_ENDPOINT"] = "token", "http://127.0.0.1:1"
	if a != nil {
		server := httptest.NewServer(a)
		t.Cleanup(server.Close)
		environment["DBOS_ENDPOINT"] = server.URL
	}
	r := &rpc{t: t, server: newServer(NewWithOptions(Options{
		Version: "test", Timing: quick, Getenv: func(name string) string { return environment[name] },
	})())}
	schema, err := r.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	r.must("", schema.Diagnostics, err)
	r.schemas, r.sources = schema.ResourceSchemas, schema.DataSourceSchemas
	identities, err := r.server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	r.must("", identities.Diagnostics, err)
	r.identities = identities.IdentitySchemas
	r.provider, r.lists, r.actions = schema.Provider, schema.ListResourceSchemas, schema.ActionSchemas
	for _, set := range append(settings, attributes{})[:1] {
		r.configure(set, "")
	}
	return r
}

// configure configures the provider.
func (r *rpc) configure(set attributes, want string) {
	r.t.Helper()
	settings := map[string]tftypes.Value{}
	for _, attribute := range r.provider.Block.Attributes {
		settings[attribute.Name] = valueOf(attribute.Type, set[attribute.Name])
	}
	settings["retry_timeout"] = tftypes.NewValue(tftypes.String, "200ms")
	config := tftypes.NewValue(r.provider.ValueType(), settings)
	configured, err := r.server.ConfigureProvider(r.t.Context(), &tfprotov6.ConfigureProviderRequest{Config: r.encode(config)})
	r.must(want, configured.Diagnostics, err)
}

// in is the same provider in a subtest.
func (r *rpc) in(t *testing.T) *rpc {
	return &rpc{t: t, server: r.server, schemas: r.schemas, sources: r.sources, lists: r.lists, actions: r.actions, provider: r.provider, identities: r.identities}
}

// must fails the test unless the diagnostics are as wanted: "" is none at all, else each part between "|" is in one of
// them.
func (r *rpc) must(want string, diagnostics []*tfprotov6.Diagnostic, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range diagnostics {
		fmt.Fprintf(&b, "%s: %s\n%s\n%s\n", d.Severity, d.Summary, d.Detail, d.Attribute)
	}
	got := b.String()
	if want == "" && got != "" {
		r.t.Fatalf("unexpected diagnostics:\n%s", got)
	}
	for part := range strings.SplitSeq(want, "|") {
		if !strings.Contains(got, part) {
			r.t.Fatalf("diagnostics without %q:\n%s", part, got)
		}
	}
}

func (r *rpc) encode(value tftypes.Value) *tfprotov6.DynamicValue {
	r.t.Helper()
	encoded, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		r.t.Fatal(err)
	}
	return &encoded
}

func (r *rpc) decode(kind string, value *tfprotov6.DynamicValue) tftypes.Value {
	r.t.Helper()
	typ := r.schemas[kind].ValueType()
	if value == nil {
		return tftypes.NewValue(typ, nil)
	}
	decoded, err := value.Unmarshal(typ)
	if err != nil {
		r.t.Fatal(err)
	}
	return decoded
}

// config is a configuration, and the state that Terraform proposes for it.
func (r *rpc) config(kind string, set attributes, prior *object) (config, proposed tftypes.Value) {
	r.t.Helper()
	schema, ok := r.schemas[kind]
	if !ok {
		r.t.Fatalf("there is no %s", kind)
	}
	var before map[string]tftypes.Value
	if prior != nil {
		if err := prior.value.As(&before); err != nil {
			r.t.Fatal(err)
		}
	}
	configured, planned := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	for _, attribute := range schema.Block.Attributes {
		value := valueOf(attribute.Type, set[attribute.Name])
		configured[attribute.Name], planned[attribute.Name] = value, value
		switch {
		case attribute.WriteOnly:
			planned[attribute.Name] = tftypes.NewValue(attribute.Type, nil)
		case value.IsNull() && attribute.Computed && before != nil:
			planned[attribute.Name] = before[attribute.Name]
		}
	}
	for _, block := range schema.Block.BlockTypes {
		value := tftypes.NewValue(block.ValueType(), nil)
		if limits, ok := set[block.TypeName].(map[string]string); ok {
			value = timeoutsOf(block.ValueType(), limits)
		}
		configured[block.TypeName], planned[block.TypeName] = value, value
	}
	return tftypes.NewValue(schema.ValueType(), configured), tftypes.NewValue(schema.ValueType(), planned)
}

func timeoutsOf(typ tftypes.Type, limits map[string]string) tftypes.Value {
	values := map[string]tftypes.Value{"create": tftypes.NewValue(tftypes.String, nil), "update": tftypes.NewValue(tftypes.String, nil), "delete": tftypes.NewValue(tftypes.String, nil)}
	for name, limit := range limits {
		values[name] = tftypes.NewValue(tftypes.String, limit)
	}
	return tftypes.NewValue(typ, values)
}

func valueOf(typ tftypes.Type, value any) tftypes.Value {
	switch v := value.(type) {
	case unknownValue:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	case []string:
		elements := []tftypes.Value{}
		for _, element := range v {
			elements = append(elements, tftypes.NewValue(tftypes.String, element))
		}
		return tftypes.NewValue(typ, elements)
	case map[string]string:
		elements := map[string]tftypes.Value{}
		for key, element := range v {
			elements[key] = tftypes.NewValue(tftypes.String, element)
		}
		return tftypes.NewValue(typ, elements)
	default:
		return tftypes.NewValue(typ, value)
	}
}

// validate checks a configuration.
func (r *rpc) validate(kind string, set attributes, want string) {
	r.t.Helper()
	config, _ := r.config(kind, set, nil)
	resp, err := r.server.ValidateResourceConfig(r.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: kind, Config: r.encode(config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	r.must(want, resp.Diagnostics, err)
}

// plan plans a configuration over prior, nil for a create.
func (r *rpc) plan(kind string, prior *object, set attributes, want string) *tfprotov6.PlanResourceChangeResponse {
	r.t.Helper()
	config, proposed := r.config(kind, set, prior)
	req := &tfprotov6.PlanResourceChangeRequest{
		TypeName: kind, Config: r.encode(config), ProposedNewState: r.encode(proposed),
		PriorState: r.encode(tftypes.NewValue(config.Type(), nil)),
	}
	if prior != nil {
		req.PriorState, req.PriorPrivate, req.PriorIdentity = r.encode(prior.value), prior.private, prior.identity
	}
	resp, err := r.server.PlanResourceChange(r.t.Context(), req)
	r.must(want, resp.Diagnostics, err)
	return resp
}

// apply plans and applies a configuration, with the diagnostics wanted of each. The object is what Terraform would
// store, nil for nothing.
func (r *rpc) apply(kind string, prior *object, set attributes, wantOfPlan, want string) *object {
	r.t.Helper()
	return r.finish(r.plan(kind, prior, set, wantOfPlan), kind, prior, set, want)
}

// finish applies a plan, with the diagnostics wanted.
func (r *rpc) finish(planned *tfprotov6.PlanResourceChangeResponse, kind string, prior *object, set attributes, want string) *object {
	r.t.Helper()
	config, _ := r.config(kind, set, prior)
	req := &tfprotov6.ApplyResourceChangeRequest{
		TypeName: kind, Config: r.encode(config), PlannedState: planned.PlannedState, PlannedPrivate: planned.PlannedPrivate,
		PlannedIdentity: planned.PlannedIdentity, PriorState: r.encode(tftypes.NewValue(config.Type(), nil)),
	}
	if prior != nil {
		req.PriorState = r.encode(prior.value)
	}
	resp, err := r.server.ApplyResourceChange(r.t.Context(), req)
	r.must(want, resp.Diagnostics, err)
	after := r.stored(kind, resp.NewState, resp.NewIdentity, resp.Private)
	if want == "" {
		r.consistent(r.decode(kind, planned.PlannedState), after)
	}
	return after
}

// consistent holds an apply to its plan, as Terraform does.
func (r *rpc) consistent(planned tftypes.Value, after *object) {
	r.t.Helper()
	if after == nil {
		r.t.Fatal("the apply left no object")
	}
	var promised, got map[string]tftypes.Value
	if err := planned.As(&promised); err != nil {
		r.t.Fatal(err)
	}
	if err := after.value.As(&got); err != nil {
		r.t.Fatal(err)
	}
	for name, value := range promised {
		if value.IsFullyKnown() && !value.Equal(got[name]) {
			r.t.Errorf("%s was planned as %s and became %s", name, value, got[name])
		}
		if !got[name].IsFullyKnown() {
			r.t.Errorf("%s is unknown after apply", name)
		}
	}
}

// stored is an object as an answer tells it. What is stored has its identity.
func (r *rpc) stored(kind string, state *tfprotov6.DynamicValue, identity *tfprotov6.ResourceIdentityData, private []byte) *object {
	r.t.Helper()
	value := r.decode(kind, state)
	if value.IsNull() {
		return nil
	}
	o := &object{kind: kind, value: value, identity: identity, private: private}
	var attributes map[string]tftypes.Value
	if err := value.As(&attributes); err != nil {
		r.t.Fatal(err)
	}
	for name, got := range r.identityOf(o) {
		if !got.Equal(attributes[name]) || got.IsNull() {
			r.t.Errorf("%s in the identity is %s, in the state %s", name, got, attributes[name])
		}
	}
	return o
}

// identityOf is the identity of an object by attribute.
func (r *rpc) identityOf(o *object) map[string]tftypes.Value {
	r.t.Helper()
	if o.identity == nil || o.identity.IdentityData == nil {
		r.t.Fatalf("%s has no identity", o.kind)
	}
	value, err := o.identity.IdentityData.Unmarshal(r.identities[o.kind].ValueType())
	var attributes map[string]tftypes.Value
	if err == nil {
		err = value.As(&attributes)
	}
	if err != nil || len(attributes) < 2 {
		r.t.Fatalf("the identity is %s: %v", value, err)
	}
	return attributes
}

// refresh reads the object; nil is gone.
func (r *rpc) refresh(o *object, want string) *object {
	r.t.Helper()
	resp, err := r.server.ReadResource(r.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: o.kind, CurrentState: r.encode(o.value), CurrentIdentity: o.identity, Private: o.private})
	r.must(want, resp.Diagnostics, err)
	if want != "" && o.identity == nil {
		return o
	}
	return r.stored(o.kind, resp.NewState, resp.NewIdentity, resp.Private)
}

// destroy plans to destroy the object, and deletes it.
func (r *rpc) destroy(o *object, want string) *object {
	r.t.Helper()
	r.planDestroy(o, "")
	return r.deleted(o, want)
}

// planDestroy plans to destroy the object.
func (r *rpc) planDestroy(o *object, want string) {
	r.t.Helper()
	none := r.encode(tftypes.NewValue(o.value.Type(), nil))
	planned, err := r.server.PlanResourceChange(r.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: o.kind, PriorState: r.encode(o.value), PriorPrivate: o.private, PriorIdentity: o.identity, ProposedNewState: none, Config: none,
	})
	r.must(want, planned.Diagnostics, err)
}

// deleted deletes the object without a plan to destroy it, as Terraform does with what is tainted.
func (r *rpc) deleted(o *object, want string) *object {
	r.t.Helper()
	none := r.encode(tftypes.NewValue(o.value.Type(), nil))
	resp, err := r.server.ApplyResourceChange(r.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: o.kind, PriorState: r.encode(o.value), PlannedState: none, Config: none, PlannedPrivate: o.private, PlannedIdentity: o.identity,
	})
	r.must(want, resp.Diagnostics, err)
	return r.stored(o.kind, resp.NewState, resp.NewIdentity, resp.Private)
}

// imported imports an object by its id and reads it, as Terraform does.
func (r *rpc) imported(kind, id, want string) *object {
	r.t.Helper()
	if o := r.importedUnread(kind, id, want); o != nil {
		return r.refresh(o, "")
	}
	return nil
}

// importedUnread is an object as an import leaves it to be read.
func (r *rpc) importedUnread(kind, id, want string) *object {
	r.t.Helper()
	return r.importedBy(&tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id}, want)
}

// identified imports an object by its identity and reads it.
func (r *rpc) identified(kind string, identity attributes, want string) *object {
	r.t.Helper()
	values := map[string]tftypes.Value{}
	for _, attribute := range r.identities[kind].IdentityAttributes {
		values[attribute.Name] = valueOf(attribute.Type, identity[attribute.Name])
	}
	data := r.encode(tftypes.NewValue(r.identities[kind].ValueType(), values))
	o := r.importedBy(&tfprotov6.ImportResourceStateRequest{TypeName: kind, Identity: &tfprotov6.ResourceIdentityData{IdentityData: data}}, want)
	if o == nil {
		return nil
	}
	return r.refresh(o, "")
}

func (r *rpc) importedBy(req *tfprotov6.ImportResourceStateRequest, want string) *object {
	r.t.Helper()
	resp, err := r.server.ImportResourceState(r.t.Context(), req)
	r.must(want, resp.Diagnostics, err)
	if want != "" {
		return nil
	}
	one := resp.ImportedResources[0]
	return r.stored(req.TypeName, one.State, one.Identity, one.Private)
}

// unchanged fails unless a plan of the configuration is empty.
func (r *rpc) unchanged(o *object, set attributes) {
	r.t.Helper()
	planned := r.decode(o.kind, r.plan(o.kind, o, set, "").PlannedState)
	if !planned.Equal(o.value) {
		diff, err := planned.Diff(o.value)
		r.t.Fatalf("the plan is not empty: %v %v", diff, err)
	}
}

// check compares attributes of a value; unknown stands for unknown, nil for null.
func (r *rpc) check(value tftypes.Value, want attributes) {
	r.t.Helper()
	var got map[string]tftypes.Value
	if err := value.As(&got); err != nil {
		r.t.Fatal(err)
	}
	for name, w := range want {
		if expected := valueOf(got[name].Type(), w); !expected.Equal(got[name]) {
			r.t.Errorf("%s is %s, want %s", name, got[name], expected)
		}
	}
}

// planned is the planned value of a response.
func (r *rpc) planned(kind string, resp *tfprotov6.PlanResourceChangeResponse) tftypes.Value {
	r.t.Helper()
	return r.decode(kind, resp.PlannedState)
}

// merged is a configuration with other attributes set or, by nil, left out.
func (a attributes) with(changes attributes) attributes {
	merged := maps.Clone(a)
	maps.Copy(merged, changes)
	return merged
}

// data reads a data source.
func (r *rpc) data(kind string, set attributes, want string) tftypes.Value {
	r.t.Helper()
	schema := r.sources[kind]
	config := map[string]tftypes.Value{}
	for _, attribute := range schema.Block.Attributes {
		config[attribute.Name] = valueOf(attribute.ValueType(), set[attribute.Name])
	}
	resp, err := r.server.ReadDataSource(r.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: kind, Config: r.encode(tftypes.NewValue(schema.ValueType(), config))})
	r.must(want, resp.Diagnostics, err)
	if want != "" {
		return tftypes.Value{}
	}
	value, err := resp.State.Unmarshal(schema.ValueType())
	if err != nil {
		r.t.Fatal(err)
	}
	return value
}

// replaced is value with another string, or by nil with null, for one attribute.
func replaced(t *testing.T, value tftypes.Value, name string, text any) tftypes.Value {
	t.Helper()
	var values map[string]tftypes.Value
	if err := value.As(&values); err != nil {
		t.Fatal(err)
	}
	values = maps.Clone(values) // As gives the value's own map.
	values[name] = tftypes.NewValue(tftypes.String, text)
	return tftypes.NewValue(value.Type(), values)
}
