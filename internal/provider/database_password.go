// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// passwordModel holds the password of a role, in its two forms.
type passwordModel struct {
	Password          types.String `tfsdk:"password"`
	PasswordWO        types.String `tfsdk:"password_wo"`
	PasswordWOVersion types.Int64  `tfsdk:"password_wo_version"`
}

func (m passwordModel) password() sensitive {
	return sensitive{attribute: "password", ordinary: m.Password, writeOnly: m.PasswordWO, version: m.PasswordWOVersion}
}

// passwordAttributes are the attributes of passwordModel; whose is the owner of the password in the descriptions.
func passwordAttributes(whose string) map[string]schema.Attribute {
	return sensitiveAttributes("password",
		"Password of "+whose+", 8 to 128 printable ASCII characters without `/ \\ \" ' @` and white space. It changes in place.",
		rule("password", "8 to 128 printable ASCII characters without / \\ \" ' @ and white space", cloud.CheckPassword))
}
