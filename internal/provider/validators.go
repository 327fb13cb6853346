// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// rule makes a validator of a rule of package cloud. Null and unknown values pass. The message is the error of the
// rule, which shows no secret.
func rule(noun, description string, check func(string) error) validator.String {
	return stringRule{noun: noun, description: description, check: check}
}

// instanceNameRules are the rules for the name of a database instance that exists. The rules for a new one are
// stricter: its plan checks them.
func instanceNameRules() []validator.String {
	return []validator.String{rule("instance name", "3 to 30 characters of a-z, 0-9, _ and -", cloud.CheckInstanceName)}
}

// applicationNameRules are the rules for the name of an application that exists. The rules for a new one are stricter:
// its plan checks them.
func applicationNameRules() []validator.String {
	return []validator.String{rule("application name", "3 to 256 characters of a-z, 0-9, _ and -", cloud.CheckApplicationName)}
}

// optionalRule is rule for settings in which an empty value counts as unset.
func optionalRule(noun, description string, check func(string) error) validator.String {
	return rule(noun, description, func(value string) error {
		if strings.TrimSpace(value) == "" {
			return nil
		}
		return check(value)
	})
}

// checkTrimmed applies a rule to a value without the white space at its ends.
func checkTrimmed(check func(string) error) func(string) error {
	return func(value string) error { return check(strings.TrimSpace(value)) }
}

type stringRule struct {
	noun        string
	description string
	check       func(string) error
}

func (r stringRule) Description(context.Context) string { return r.description }

func (r stringRule) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

func (r stringRule) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	r.apply(req.Path, req.ConfigValue, &resp.Diagnostics)
}

func (r stringRule) apply(at path.Path, value types.String, diags *diag.Diagnostics) {
	if value.IsNull() || value.IsUnknown() {
		return
	}
	if err := r.check(value.ValueString()); err != nil {
		diags.AddAttributeError(at, "Invalid "+r.noun, sentence(err.Error()))
	}
}

// intRule is rule for whole numbers.
func intRule(noun, description string, check func(int64) error) validator.Int64 {
	return numberRule{noun: noun, description: description, check: check}
}

type numberRule struct {
	noun        string
	description string
	check       func(int64) error
}

func (r numberRule) Description(context.Context) string { return r.description }

func (r numberRule) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

func (r numberRule) ValidateInt64(_ context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := r.check(req.ConfigValue.ValueInt64()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+r.noun, sentence(err.Error()))
	}
}

// checkNew applies the strict rule of a create to a planned value.
func checkNew(noun, attribute string, value types.String, check func(string) error, diags *diag.Diagnostics) {
	stringRule{noun: noun, check: check}.apply(path.Root(attribute), value, diags)
}

// checkDuration accepts what [time.ParseDuration] does, if it is above zero.
func checkDuration(value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a duration above zero; write a number with its unit, such as \"30s\" or \"2m\"", value)
	}
	return nil
}
