// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

// validator checks configurations against the provider's schema, and resources against its rules.
type validator struct {
	ctx    context.Context
	server tfprotov6.ProviderServer
	*tfprotov6.GetProviderSchemaResponse
	kinds map[string]map[string]*tfprotov6.SchemaBlock // by the kind of block and the type
}

func newValidator(t *testing.T) *validator {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(provider.New("docs")())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	v := &validator{ctx: t.Context(), server: server, GetProviderSchemaResponse: schemas, kinds: map[string]map[string]*tfprotov6.SchemaBlock{
		"resource": {}, "data": {}, "ephemeral": {}, "list": {}, "action": {}, "provider": {"dbos": schemas.Provider.Block},
	}}
	for kind, all := range map[string]map[string]*tfprotov6.Schema{
		"resource": schemas.ResourceSchemas, "data": schemas.DataSourceSchemas,
		"ephemeral": schemas.EphemeralResourceSchemas, "list": schemas.ListResourceSchemas,
	} {
		for name, schema := range all {
			v.kinds[kind][name] = schema.Block
		}
	}
	for name, schema := range schemas.ActionSchemas {
		v.kinds["action"][name] = schema.Schema.Block
	}
	return v
}

// otherBlocks are the top-level blocks of Terraform that name nothing of the provider.
var otherBlocks = []string{
	"terraform", "variable", "output", "locals", "module", "import", "moved", "removed", "check",
	"provider_installation", "run", "mock_provider", "mock_resource", "mock_data", "override_resource",
}

// metaNames are the arguments and blocks that Terraform gives every object.
var metaNames = []string{"for_each", "count", "depends_on", "provider", "alias", "lifecycle", "include_resource", "limit"}

// problems lists the mistakes in a block of Terraform.
func (v *validator) problems(b block) []string {
	file, diags := hclsyntax.ParseConfig([]byte(b.text), b.page, hcl.InitialPos)
	if diags.HasErrors() {
		return []string{diags.Error()}
	}
	body := file.Body.(*hclsyntax.Body) //nolint:forcetypeassert // This is what ParseConfig returns.
	problems := v.references(body)
	for _, object := range body.Blocks {
		schemas, ours := v.kinds[object.Type]
		switch {
		case !ours && !slices.Contains(otherBlocks, object.Type):
			problems = append(problems, "there is no block "+object.Type)
		case !ours || len(object.Labels) == 0 || object.Labels[0] != "dbos" && !strings.HasPrefix(object.Labels[0], "dbos_"):
		case schemas[object.Labels[0]] == nil:
			problems = append(problems, fmt.Sprintf("there is no %s %s", object.Type, object.Labels[0]))
		default:
			problems = append(problems, v.object(object, schemas[object.Labels[0]])...)
		}
	}
	return problems
}

// object checks one block of the provider.
func (v *validator) object(object *hclsyntax.Block, schema *tfprotov6.SchemaBlock) []string {
	title := strings.Join(append([]string{object.Type}, object.Labels...), " ")
	body := object.Body
	if object.Type == "list" || object.Type == "action" {
		body = &hclsyntax.Body{}
		for _, nested := range object.Body.Blocks {
			if nested.Type == "config" {
				body = nested.Body
			}
		}
	}
	problems := names(title, body, schema)
	if len(problems) > 0 || object.Type != "resource" {
		return problems
	}
	config, err := tfprotov6.NewDynamicValue(schema.ValueType(), value(body, schema))
	if err != nil {
		return []string{title + ": " + err.Error()}
	}
	answer, err := v.server.ValidateResourceConfig(v.ctx, &tfprotov6.ValidateResourceConfigRequest{
		TypeName: object.Labels[0], Config: &config,
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		return []string{title + ": " + err.Error()}
	}
	if err := failure(answer.Diagnostics); err != nil {
		return []string{title + ": " + err.Error()}
	}
	return nil
}

// names checks that all names are in the schema and can be set, and that none is missing.
func names(title string, body *hclsyntax.Body, schema *tfprotov6.SchemaBlock) []string {
	var problems []string
	known := slices.Clone(metaNames)
	for _, attribute := range schema.Attributes {
		if attribute.Optional || attribute.Required {
			known = append(known, attribute.Name)
		}
		if attribute.Required && body.Attributes[attribute.Name] == nil {
			problems = append(problems, fmt.Sprintf("%s: %s is missing", title, attribute.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Sprintf("%s: %s cannot be set", title, name))
		}
	}
	for _, nested := range body.Blocks {
		at := slices.IndexFunc(schema.BlockTypes, func(b *tfprotov6.SchemaNestedBlock) bool { return b.TypeName == nested.Type })
		switch {
		case at >= 0:
			problems = append(problems, names(title+" "+nested.Type, nested.Body, schema.BlockTypes[at].Block)...)
		case !slices.Contains(metaNames, nested.Type):
			problems = append(problems, fmt.Sprintf("%s: there is no block %s", title, nested.Type))
		}
	}
	return problems
}

// value is the configuration that the provider gets. A value that is no literal is unknown.
func value(body *hclsyntax.Body, schema *tfprotov6.SchemaBlock) tftypes.Value {
	object := map[string]tftypes.Value{}
	for _, attribute := range schema.Attributes {
		object[attribute.Name] = tftypes.NewValue(attribute.Type, nil)
		if expression := body.Attributes[attribute.Name]; expression != nil {
			object[attribute.Name] = literal(expression.Expr, attribute.Type)
		}
	}
	for _, nested := range schema.BlockTypes {
		object[nested.TypeName] = tftypes.NewValue(nested.ValueType(), nil)
		for _, b := range body.Blocks {
			if b.Type == nested.TypeName {
				object[nested.TypeName] = value(b.Body, nested.Block)
			}
		}
	}
	return tftypes.NewValue(schema.ValueType(), object)
}

func literal(expression hclsyntax.Expression, typ tftypes.Type) tftypes.Value {
	unknown := tftypes.NewValue(typ, tftypes.UnknownValue)
	written, diags := expression.Value(nil)
	if diags.HasErrors() {
		return unknown
	}
	encoded, err := ctyjson.SimpleJSONValue{Value: written}.MarshalJSON()
	if err != nil {
		return unknown
	}
	decoded, err := tftypes.ValueFromJSON(encoded, typ) //nolint:staticcheck // Nothing else reads a value of JSON.
	if err != nil {
		return unknown
	}
	return decoded
}

// references checks what expressions refer to: attributes of the provider's objects, and its functions.
func (v *validator) references(body *hclsyntax.Body) []string {
	var problems []string
	_ = hclsyntax.VisitAll(body, func(node hclsyntax.Node) hcl.Diagnostics {
		switch node := node.(type) {
		case *hclsyntax.ScopeTraversalExpr:
			problems = append(problems, v.reference(node.Traversal)...)
		case *hclsyntax.FunctionCallExpr:
			problems = append(problems, v.call(node)...)
		}
		return nil
	})
	return problems
}

// reference checks the first attribute of an object. One in brackets, or with for_each, has an index before it.
func (v *validator) reference(traversal hcl.Traversal) []string {
	kind, words := "resource", []string{}
	for _, step := range traversal {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			words = append(words, step.Name)
		case hcl.TraverseAttr:
			words = append(words, step.Name)
		}
	}
	if words[0] == "data" || words[0] == "ephemeral" || words[0] == "action" {
		kind, words = words[0], words[1:]
	}
	if len(words) == 0 || !strings.HasPrefix(words[0], "dbos_") {
		return nil
	}
	schema := v.kinds[kind][words[0]]
	switch {
	case schema == nil:
		return []string{fmt.Sprintf("there is no %s %s", kind, words[0])}
	case len(words) > 2 && !slices.ContainsFunc(schema.Attributes, func(a *tfprotov6.SchemaAttribute) bool { return a.Name == words[2] }):
		return []string{fmt.Sprintf("%s %s has no attribute %s", kind, words[0], words[2])}
	}
	return nil
}

func (v *validator) call(call *hclsyntax.FunctionCallExpr) []string {
	name, ours := strings.CutPrefix(call.Name, "provider::dbos::")
	if !ours {
		return nil
	}
	function := v.Functions[name]
	switch {
	case function == nil:
		return []string{"there is no function " + name}
	case len(call.Args) != len(function.Parameters):
		return []string{fmt.Sprintf("function %s takes %d arguments, not %d", name, len(function.Parameters), len(call.Args))}
	}
	return nil
}

// TestBlocksWithMistakes checks that the check of the pages finds mistakes.
func TestBlocksWithMistakes(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	const good = `
		name     = "orders"
		username = "app"
		password = "Correct-horse-7"`
	for text, want := range map[string]string{
		`resource "dbos_database_instance" "a" { ` + good + "\n}":                                "",
		`resource "dbos_database_instance" "a" { name = "orders" }`:                              "username is missing",
		`resource "dbos_database_instance" "a" { ` + good + "\nhost = 1\n}":                      "host cannot be set",
		`resource "dbos_database_instance" "a" { ` + good + "\nhostname = 1\n}":                  "hostname cannot be set",
		`resource "dbos_database_instance" "a" { ` + good + "\nlimits {\n}\n}":                   "there is no block limits",
		`resource "dbos_database_instance" "a" { ` + good + "\ntimeouts {\nread = \"1m\"\n}\n}":  "read cannot be set",
		strings.Replace(`resource "dbos_database_instance" "a" { `+good+"\n}", "orders", "O", 1): "Invalid instance name",
		`resource "dbos_database" "a" {}`:                                                        "there is no resource dbos_database",
		`data "dbos_database_instance" "a" {}`:                                                   "name is missing",
		`provider "dbos" { url = "x" }`:                                                          "url cannot be set",
		`thing "x" "y" {}`:                                                                       "there is no block thing",
		`output "a" { value = dbos_database_instance.a["x"].host }`:                              "has no attribute host",
		`output "a" { value = data.dbos_application.a.hosts }`:                                   "has no attribute hosts",
		`output "a" { value = provider::dbos::url({}) }`:                                         "there is no function url",
		`output "a" { value = provider::dbos::connection_url() }`:                                "takes 1 arguments, not 0",
		`output "a" {`: "Unclosed configuration block",
	} {
		got := strings.Join(v.problems(block{text: text, page: "page"}), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
		}
	}
	for b, want := range map[block]string{
		{language: "shell", text: "if true"}:  "syntax error",
		{language: "json", text: "{"}:         "no JSON",
		{language: "yaml", text: "a: b: c"}:   "mapping values",
		{language: "", text: "x"}:             "names no language",
		{language: "tf", text: "x"}:           "unknown language: tf",
		{language: "text", text: "anything…"}: "",
	} {
		if got := strings.Join(b.problems(t, v), "\n"); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%+v: got %q, want %q", b, got, want)
		}
	}
}
