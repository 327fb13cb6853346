// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestDecodeIsTheFrameworksGet decodes every model from values, nulls and unknown values.
func TestDecodeIsTheFrameworksGet(t *testing.T) {
	t.Parallel()
	decoders := map[string]func(*testing.T, tfsdk.State){
		applicationType:                decodesLikeGet[applicationModel],
		applicationDatabaseBindingType: decodesLikeGet[applicationDatabaseBindingModel],
		applicationDeploymentType:      decodesLikeGet[applicationDeploymentModel],
		applicationSecretType:          decodesLikeGet[applicationSecretModel],
		databaseInstanceType:           decodesLikeGet[instanceModel],
		databaseRestoreType:            decodesLikeGet[databaseRestoreModel],
		linkedDatabaseType:             decodesLikeGet[linkedDatabaseModel],
	}
	for _, construct := range New("test")().Resources(t.Context()) {
		var named resource.MetadataResponse
		var described resource.SchemaResponse
		r := construct()
		r.Metadata(t.Context(), resource.MetadataRequest{ProviderTypeName: "dbos"}, &named)
		r.Schema(t.Context(), resource.SchemaRequest{}, &described)
		t.Run(named.TypeName, func(t *testing.T) {
			t.Parallel()
			decoders[named.TypeName](t, tfsdk.State{Schema: described.Schema})
		})
	}
	t.Run("redeploy action", func(t *testing.T) {
		t.Parallel()
		var described action.SchemaResponse
		newApplicationRedeployAction().Schema(t.Context(), action.SchemaRequest{}, &described)
		decodesLikeGet[applicationRedeployModel](t, tfsdk.State(tfsdk.Config{Schema: described.Schema}))
	})
}

func decodesLikeGet[M any](t *testing.T, state tfsdk.State) {
	t.Helper()
	kind, ok := state.Schema.Type().TerraformType(t.Context()).(tftypes.Object)
	if !ok {
		t.Fatalf("the schema is of type %T", state.Schema.Type())
	}
	of := func(value func(name string, kind tftypes.Type) tftypes.Value) tftypes.Value {
		values := map[string]tftypes.Value{}
		for name, attribute := range kind.AttributeTypes {
			values[name] = value(name, attribute)
		}
		return tftypes.NewValue(kind, values)
	}
	for name, raw := range map[string]tftypes.Value{
		"values":   of(sample),
		"nulls":    of(func(_ string, kind tftypes.Type) tftypes.Value { return tftypes.NewValue(kind, nil) }),
		"unknown":  of(func(_ string, kind tftypes.Type) tftypes.Value { return tftypes.NewValue(kind, tftypes.UnknownValue) }),
		"none":     tftypes.NewValue(kind, nil),
		"fraction": of(fraction),
	} {
		state.Raw = raw
		var want M
		var problems diag.Diagnostics
		faults := state.Get(t.Context(), &want)
		got := decode[M](t.Context(), state, &problems)
		refused := faults.HasError() // Then the model is not used.
		if problems.HasError() != refused || !refused && !reflect.DeepEqual(*got, want) {
			t.Errorf("of %s, decode made\n%+v\n%v\nwhere Get makes\n%+v\n%v", name, *got, problems, want, faults)
		}
		if refused && name != "none" && name != "fraction" {
			t.Errorf("Get refuses %s: %v", name, faults)
		}
	}
}

// sample is a value that tells the attribute's name.
func sample(name string, kind tftypes.Type) tftypes.Value {
	switch {
	case kind.Is(tftypes.Number):
		return tftypes.NewValue(kind, len(name))
	case kind.Is(tftypes.Bool):
		return tftypes.NewValue(kind, true)
	case kind.Is(tftypes.Map{}):
		return tftypes.NewValue(kind, map[string]tftypes.Value{"key": tftypes.NewValue(tftypes.String, name)})
	case kind.Is(tftypes.Object{}):
		return timeoutsOf(kind, map[string]string{"create": "1m"})
	default:
		return tftypes.NewValue(kind, name)
	}
}

// fraction is sample, but for numbers, which the provider has as whole ones only.
func fraction(name string, kind tftypes.Type) tftypes.Value {
	if kind.Is(tftypes.Number) {
		return tftypes.NewValue(kind, 1.5)
	}
	return sample(name, kind)
}
