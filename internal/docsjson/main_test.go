// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := write(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var schemas tfjson.ProviderSchemas
	if err := json.Unmarshal(out.Bytes(), &schemas); err != nil {
		t.Fatal(err)
	}
	dbos := schemas.Schemas["dbos"]
	if dbos == nil {
		t.Fatal("there is no provider dbos")
	}
	password := dbos.ResourceSchemas["dbos_database_instance"].Block.Attributes["password_wo"]
	if password == nil || !password.WriteOnly || !password.Sensitive || !password.AttributeType.Equals(cty.String) {
		t.Errorf("password_wo = %+v, want a write-only, sensitive string", password)
	}
	instances := dbos.DataSourceSchemas["dbos_database_instances"].Block.Attributes["instances"].AttributeNestedType
	if instances == nil || instances.NestingMode != tfjson.SchemaNestingModeList || instances.Attributes["hostname"] == nil {
		t.Errorf("instances = %+v, want a list of objects with a hostname", instances)
	}
}

// TestEveryAttributeIsDescribed checks that each attribute has a description.
func TestEveryAttributeIsDescribed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := write(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	var undescribed []string
	walk(document, "", func(at string, attribute map[string]any) {
		if text, _ := attribute["description"].(string); strings.TrimSpace(text) == "" {
			undescribed = append(undescribed, at)
		}
	})
	if len(undescribed) > 0 {
		t.Errorf("no description at:\n%s", strings.Join(undescribed, "\n"))
	}
}

// walk calls visit for each attribute in a decoded schema.
func walk(node any, at string, visit func(string, map[string]any)) {
	object, ok := node.(map[string]any)
	if !ok {
		return
	}
	for key, child := range object {
		if key == "attributes" {
			attributes, _ := child.(map[string]any)
			for name, attribute := range attributes {
				if described, ok := attribute.(map[string]any); ok {
					visit(at+"/"+name, described)
				}
			}
		}
		walk(child, at+"/"+key, visit)
	}
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	schema := &tfprotov6.Schema{Version: 2, Block: &tfprotov6.SchemaBlock{
		Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "labels", Type: tftypes.Map{ElementType: tftypes.String}, Optional: true, Description: "Labels.", DescriptionKind: tfprotov6.StringKindMarkdown},
			{Name: "anything", Type: tftypes.DynamicPseudoType, Computed: true},
		},
		BlockTypes: []*tfprotov6.SchemaNestedBlock{
			{TypeName: "timeouts", Nesting: tfprotov6.SchemaNestedBlockNestingModeSingle, Block: &tfprotov6.SchemaBlock{}},
		},
	}}
	got, err := translate(
		&tfprotov6.GetProviderSchemaResponse{
			Provider:            &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}},
			ListResourceSchemas: map[string]*tfprotov6.Schema{"x": schema},
			ActionSchemas:       map[string]*tfprotov6.ActionSchema{"x": {Schema: schema}},
			Functions: map[string]*tfprotov6.Function{"f": {
				Summary:           "Does it.",
				Parameters:        []*tfprotov6.FunctionParameter{{Name: "in", Type: tftypes.Object{AttributeTypes: map[string]tftypes.Type{"a": tftypes.Number}}, AllowNullValue: true}},
				VariadicParameter: &tfprotov6.FunctionParameter{Name: "more", Type: tftypes.Bool},
				Return:            &tfprotov6.FunctionReturn{Type: tftypes.List{ElementType: tftypes.String}},
			}},
		},
		&tfprotov6.GetResourceIdentitySchemasResponse{IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{
			"x": {IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{{Name: "name", Type: tftypes.String, RequiredForImport: true}}},
		}},
	)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"list_resource_schemas":{"x":{"version":2,"block":{"attributes":{"anything":{"type":"dynamic","description_kind":"plain","computed":true},` +
			`"labels":{"type":["map","string"],"description":"Labels.","description_kind":"markdown","optional":true}},` +
			`"block_types":{"timeouts":{"nesting_mode":"single","block":{"description_kind":"plain"}}}`,
		`"action_schemas":{"x":{"block":{`,
		`"functions":{"f":{"summary":"Does it.","return_type":["list","string"],"parameters":[{"name":"in","is_nullable":true,"type":["object",{"a":"number"}]}],"variadic_parameter":{"name":"more","type":"bool"}}}`,
		`"resource_identity_schemas":{"x":{"version":0,"attributes":{"name":{"type":"string","required_for_import":true}}}}`,
	} {
		if !strings.Contains(string(encoded), want) {
			t.Errorf("the schema lacks\n%s\nin\n%s", want, encoded)
		}
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	err := failure([]*tfprotov6.Diagnostic{
		{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "odd"},
		{Severity: tfprotov6.DiagnosticSeverityError, Summary: "wrong", Detail: "very"},
	})
	if err == nil || err.Error() != "wrong: very" {
		t.Errorf("failure = %v, want the error alone", err)
	}
	if err := failure(nil); err != nil {
		t.Errorf("failure of nothing = %v", err)
	}
}
