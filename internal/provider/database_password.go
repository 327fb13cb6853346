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

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// passwordModel holds a password in its two forms. A write-only value is in the configuration only, never in a plan or
// a state.
type passwordModel struct {
	Password          types.String `tfsdk:"password"`
	PasswordWO        types.String `tfsdk:"password_wo"`
	PasswordWOVersion types.Int64  `tfsdk:"password_wo_version"`
}

// passwordAttributes are the attributes of passwordModel; whose is the owner of the password in the descriptions.
func passwordAttributes(whose string) map[string]schema.Attribute {
	check := rule("password", "8 to 128 printable ASCII characters without / \\ \" ' @ and white space", cloud.CheckPassword)
	return map[string]schema.Attribute{
		"password": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			MarkdownDescription: "Password of " + whose + ", 8 to 128 printable ASCII characters without `/ \\ \" ' @` and white space. A change is made in place. " +
				"It is stored in the state; with Terraform 1.11 or newer prefer `password_wo`.",
			Validators: []validator.String{check, stringvalidator.ConflictsWith(path.MatchRoot("password_wo"))},
		},
		"password_wo": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			WriteOnly: true,
			MarkdownDescription: "Write-only form of `password`, which is never stored. It is sent when `password_wo_version` changes; " +
				"a changed value alone is not seen. Needs Terraform 1.11 or newer.",
			Validators: []validator.String{check, stringvalidator.AlsoRequires(path.MatchRoot("password_wo_version"))},
		},
		"password_wo_version": schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: "Version of `password_wo`: any other number than before sends the password, in place.",
			Validators:          []validator.Int64{int64validator.ConflictsWith(path.MatchRoot("password"))},
		},
	}
}

// secret is the configured value of either form; m comes from a configuration.
func (m passwordModel) secret() types.String {
	if !m.PasswordWO.IsNull() {
		return m.PasswordWO
	}
	return m.Password
}

// changed reports whether a planned password must be sent, because it differs from the one in the state. A password
// that was taken out of the configuration is not sent.
func (m passwordModel) changed(state passwordModel) bool {
	return !m.Password.IsNull() && !m.Password.Equal(state.Password) ||
		!m.PasswordWOVersion.IsNull() && !m.PasswordWOVersion.Equal(state.PasswordWOVersion)
}

// unset reports that no password was ever recorded, as after an import.
func (m passwordModel) unset() bool { return m.Password.IsNull() && m.PasswordWOVersion.IsNull() }

// requirePassword is the rule of a create.
func requirePassword(config passwordModel, diags *diag.Diagnostics) {
	if config.secret().IsNull() {
		addAttributeError(diags, "password", "Missing password",
			"A new database instance needs a password. Set password_wo with password_wo_version, or password.")
	}
}

// requireSecretOfVersion checks a create that needs no password: a version alone sets none.
func requireSecretOfVersion(config passwordModel, diags *diag.Diagnostics) {
	if !config.PasswordWOVersion.IsNull() && config.secret().IsNull() {
		addAttributeError(diags, "password_wo_version", "Missing password", "password_wo_version is set, but password_wo is not. Set both, or neither.")
	}
}

// checkPasswordChange checks an update. It warns before Terraform overwrites a password that it does not know; effect
// says what an apply does then.
func checkPasswordChange(object, effect string, config, plan, state passwordModel, diags *diag.Diagnostics) {
	if !plan.changed(state) {
		return
	}
	if config.secret().IsNull() {
		addAttributeError(diags, "password_wo_version", "Missing password",
			"password_wo_version has changed, which sends the password, but password_wo is not set. Set it, or put the old version back.")
		return
	}
	if state.unset() {
		// No path: Terraform would quote the line of the password.
		diags.AddWarning(fmt.Sprintf("The password of %s will be set", object),
			"Terraform does not know its present password, so applying this plan "+effect+". To leave it as it is, take the password out of the configuration.")
	}
}
