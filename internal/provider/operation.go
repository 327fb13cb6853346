// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// organizationAttribute is the computed organization of every resource.
func organizationAttribute() schema.Attribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Organization that the object belongs to. Reading, changing or destroying it under another one is an error, " +
			"so that a wrong token or provider alias never takes an object for deleted, nor another's for this one.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// inOrganization returns the client and its organization. For an object that
// belongs to another organization than recorded (null after an import) it is
// an error that names both.
func (b *resourceBase) inOrganization(ctx context.Context, object string, recorded types.String, diags *diag.Diagnostics) (*cloud.Client, types.String, bool) {
	client, ok := b.session.connected(diags)
	if !ok {
		return nil, types.String{}, false
	}
	organization, err := client.Organization(ctx)
	if err != nil {
		addError(diags, "Cannot find the organization of "+object, err, "")
		return nil, types.String{}, false
	}
	if known := recorded.ValueString(); known != "" && known != organization {
		diags.AddError("Another organization owns "+object,
			fmt.Sprintf("The state records organization %q, but the provider works in organization %q. Nothing was read or changed. "+
				"Use the token, organization or provider alias of %q; if the organization was renamed, remove the object from the state and import it again.",
				known, organization, known))
		return nil, types.String{}, false
	}
	return client, types.StringValue(organization), true
}
