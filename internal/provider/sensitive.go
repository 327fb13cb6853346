// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// sensitive is a password or a secret's value, in the two forms that a configuration can give it. The state stores the
// ordinary form. It stores only the version of the write-only form, so a new version says when to send the value.
type sensitive struct {
	attribute string // of the ordinary form, such as password
	ordinary  types.String
	writeOnly types.String
	version   types.Int64
}

// sensitiveAttributes are the attributes of both forms. The description is that of the ordinary form.
func sensitiveAttributes(attribute, description string, check validator.String) map[string]schema.Attribute {
	writeOnly, version := attribute+"_wo", attribute+"_wo_version"
	return map[string]schema.Attribute{
		attribute: schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: description + fmt.Sprintf(" The state stores it: with Terraform 1.11 or newer, prefer `%s`.", writeOnly),
			Validators:          []validator.String{check, stringvalidator.ConflictsWith(path.MatchRoot(writeOnly))},
		},
		writeOnly: schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			WriteOnly: true,
			MarkdownDescription: fmt.Sprintf("Write-only form of `%s`: it is never stored. Terraform cannot see that its value has changed, and sends it when `%s` changes. "+
				"Needs Terraform 1.11 or newer.", attribute, version),
			Validators: []validator.String{check, stringvalidator.AlsoRequires(path.MatchRoot(version))},
		},
		version: schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: fmt.Sprintf("Version of `%s`. A changed number sends the %s, in place.", writeOnly, attribute),
			Validators:          []validator.Int64{int64validator.ConflictsWith(path.MatchRoot(attribute))},
		},
	}
}

// configured is the value of either form. Only a configuration has the value of the write-only form.
func (s sensitive) configured() types.String {
	if !s.writeOnly.IsNull() {
		return s.writeOnly
	}
	return s.ordinary
}

// changed reports whether the planned value must be sent, because it differs from the one in the state. A value that
// was taken out of the configuration is not sent.
func (s sensitive) changed(state sensitive) bool {
	return !s.ordinary.IsNull() && !s.ordinary.Equal(state.ordinary) ||
		!s.version.IsNull() && !s.version.Equal(state.version)
}

// require checks the configuration of a create.
func (s sensitive) require(object string, diags *diag.Diagnostics) {
	if s.configured().IsNull() {
		addAttributeError(diags, s.attribute, "Missing "+s.attribute,
			fmt.Sprintf("A new %[1]s needs a %[2]s. Set %[2]s_wo with %[2]s_wo_version, or %[2]s.", object, s.attribute))
	}
}

// requireForVersion checks the configuration of a create that needs no value. A version alone sends none.
func (s sensitive) requireForVersion(diags *diag.Diagnostics) {
	if !s.version.IsNull() && s.configured().IsNull() {
		addAttributeError(diags, s.attribute+"_wo_version", "Missing "+s.attribute,
			fmt.Sprintf("%[1]s_wo_version is set, but %[1]s_wo is not. Set both, or neither.", s.attribute))
	}
}

// checkChange checks the configuration of an update. It warns before Terraform overwrites a value that it does not
// know, as after an import. The effect says what an apply does then.
func (s sensitive) checkChange(object, effect string, plan, state sensitive, diags *diag.Diagnostics) {
	switch {
	case !plan.changed(state):
	case s.configured().IsNull():
		addAttributeError(diags, s.attribute+"_wo_version", "Missing "+s.attribute,
			fmt.Sprintf("A changed %[1]s_wo_version sends the %[1]s, but %[1]s_wo is not set. Set %[1]s_wo, or set the old version again.", s.attribute))
	case state.ordinary.IsNull() && state.version.IsNull():
		// No path: Terraform would quote the line of the value.
		diags.AddWarning(fmt.Sprintf("The %s of %s will be set", s.attribute, object),
			fmt.Sprintf("Terraform does not know its current %[1]s, so this plan %[2]s. To keep the current %[1]s, remove the %[1]s from the configuration.", s.attribute, effect))
	}
}
