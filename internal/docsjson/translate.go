// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
)

// translator keeps the first error, so that the translation itself reads without error checks.
type translator struct {
	err error
}

func translate(schemas *tfprotov6.GetProviderSchemaResponse, identities *tfprotov6.GetResourceIdentitySchemasResponse) (*tfjson.ProviderSchemas, error) {
	var t translator
	provider := &tfjson.ProviderSchema{
		ConfigSchema:             t.schema(schemas.Provider),
		ResourceSchemas:          all(schemas.ResourceSchemas, t.schema),
		DataSourceSchemas:        all(schemas.DataSourceSchemas, t.schema),
		EphemeralResourceSchemas: all(schemas.EphemeralResourceSchemas, t.schema),
		ListResourceSchemas:      all(schemas.ListResourceSchemas, t.schema),
		ActionSchemas:            all(schemas.ActionSchemas, t.action),
		Functions:                all(schemas.Functions, t.function),
		ResourceIdentitySchemas:  all(identities.IdentitySchemas, t.identity),
	}
	// tfplugindocs looks for the bare name, or for it in HashiCorp's namespace.
	return &tfjson.ProviderSchemas{FormatVersion: "1.0", Schemas: map[string]*tfjson.ProviderSchema{"dbos": provider}}, t.err
}

func all[From, To any](from map[string]From, one func(From) To) map[string]To {
	to := make(map[string]To, len(from))
	for name, value := range from {
		to[name] = one(value)
	}
	return to
}

func (t *translator) schema(s *tfprotov6.Schema) *tfjson.Schema {
	return &tfjson.Schema{Version: uint64(s.Version), Block: t.block(s.Block)}
}

func (t *translator) action(a *tfprotov6.ActionSchema) *tfjson.ActionSchema {
	return &tfjson.ActionSchema{Block: t.block(a.Schema.Block)}
}

func (t *translator) block(b *tfprotov6.SchemaBlock) *tfjson.SchemaBlock {
	block := &tfjson.SchemaBlock{
		Attributes:      t.attributes(b.Attributes),
		NestedBlocks:    make(map[string]*tfjson.SchemaBlockType, len(b.BlockTypes)),
		Description:     b.Description,
		DescriptionKind: kind(b.DescriptionKind),
		Deprecated:      b.Deprecated,
	}
	for _, nested := range b.BlockTypes {
		block.NestedBlocks[nested.TypeName] = &tfjson.SchemaBlockType{
			NestingMode: nesting(nested.Nesting),
			Block:       t.block(nested.Block),
			MinItems:    uint64(nested.MinItems),
			MaxItems:    uint64(nested.MaxItems),
		}
	}
	return block
}

func (t *translator) attributes(from []*tfprotov6.SchemaAttribute) map[string]*tfjson.SchemaAttribute {
	to := make(map[string]*tfjson.SchemaAttribute, len(from))
	for _, a := range from {
		attribute := &tfjson.SchemaAttribute{
			Description:     a.Description,
			DescriptionKind: kind(a.DescriptionKind),
			Deprecated:      a.Deprecated,
			Required:        a.Required,
			Optional:        a.Optional,
			Computed:        a.Computed,
			Sensitive:       a.Sensitive,
			WriteOnly:       a.WriteOnly,
		}
		if a.NestedType != nil {
			attribute.AttributeNestedType = &tfjson.SchemaNestedAttributeType{
				Attributes:  t.attributes(a.NestedType.Attributes),
				NestingMode: nesting(a.NestedType.Nesting),
			}
		} else {
			attribute.AttributeType = t.ctyType(a.Type)
		}
		to[a.Name] = attribute
	}
	return to
}

func (t *translator) identity(s *tfprotov6.ResourceIdentitySchema) *tfjson.IdentitySchema {
	identity := &tfjson.IdentitySchema{
		Version:    uint64(s.Version),
		Attributes: make(map[string]*tfjson.IdentityAttribute, len(s.IdentityAttributes)),
	}
	for _, a := range s.IdentityAttributes {
		identity.Attributes[a.Name] = &tfjson.IdentityAttribute{
			IdentityType:      t.ctyType(a.Type),
			Description:       a.Description,
			RequiredForImport: a.RequiredForImport,
			OptionalForImport: a.OptionalForImport,
		}
	}
	return identity
}

func (t *translator) function(f *tfprotov6.Function) *tfjson.FunctionSignature {
	signature := &tfjson.FunctionSignature{
		Description:        f.Description,
		Summary:            f.Summary,
		DeprecationMessage: f.DeprecationMessage,
		ReturnType:         t.ctyType(f.Return.Type),
	}
	for _, parameter := range f.Parameters {
		signature.Parameters = append(signature.Parameters, t.parameter(parameter))
	}
	if f.VariadicParameter != nil {
		signature.VariadicParameter = t.parameter(f.VariadicParameter)
	}
	return signature
}

func (t *translator) parameter(p *tfprotov6.FunctionParameter) *tfjson.FunctionParameter {
	return &tfjson.FunctionParameter{
		Name:        p.Name,
		Description: p.Description,
		IsNullable:  p.AllowNullValue,
		Type:        t.ctyType(p.Type),
	}
}

// ctyType converts a type by way of the JSON form that both libraries share.
func (t *translator) ctyType(from tftypes.Type) cty.Type {
	var to cty.Type
	encoded, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(encoded, &to)
	}
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("type %s: %w", from, err)
	}
	return to
}

func kind(k tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	if k == tfprotov6.StringKindMarkdown {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}

// nesting writes a nesting mode of either protocol type as Terraform does.
func nesting(mode fmt.Stringer) tfjson.SchemaNestingMode {
	return tfjson.SchemaNestingMode(strings.ToLower(mode.String()))
}
