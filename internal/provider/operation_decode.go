// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// decode reads a whole configuration, plan or state.
func decode[M any, D tfsdk.Config | tfsdk.Plan | tfsdk.State](ctx context.Context, from D, diags *diag.Diagnostics) *M {
	m, data := new(M), tfsdk.State(from)
	if !fill(ctx, reflect.ValueOf(m).Elem(), data) {
		diags.Append(data.Get(ctx, m)...)
	}
	return m
}

// fill does what the Get of the framework does, for models whose fields have the types of the attributes. Get compiles
// a regular expression for each attribute of each object, which is a fifth of a large plan. Where fill returns false,
// Get says what is wrong.
func fill(ctx context.Context, model reflect.Value, data tfsdk.State) bool {
	var values map[string]tftypes.Value
	object, ok := data.Schema.Type().(types.ObjectType)
	if err := data.Raw.As(&values); err != nil || !ok || data.Raw.IsNull() {
		return false
	}
	for _, field := range reflect.VisibleFields(model.Type()) {
		name, tagged := field.Tag.Lookup("tfsdk")
		if !tagged {
			continue
		}
		value, err := object.AttrTypes[name].ValueFromTerraform(ctx, values[name])
		if err != nil {
			return false
		}
		model.FieldByIndex(field.Index).Set(reflect.ValueOf(value))
	}
	return true
}

// blank returns a model in which every attribute is null.
func blank[M any](ctx context.Context, state tfsdk.State, diags *diag.Diagnostics) *M {
	object, ok := state.Schema.Type().TerraformType(ctx).(tftypes.Object)
	if !ok {
		return new(M)
	}
	nulls := map[string]tftypes.Value{}
	for name, kind := range object.AttributeTypes {
		nulls[name] = tftypes.NewValue(kind, nil)
	}
	state.Raw = tftypes.NewValue(object, nulls)
	return decode[M](ctx, state, diags)
}
