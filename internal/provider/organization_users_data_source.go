// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*organizationUsersDataSource)(nil)

func newOrganizationUsersDataSource() datasource.DataSource { return &organizationUsersDataSource{} }

// organizationUsersDataSource lists the users of the organization that the provider works in.
type organizationUsersDataSource struct {
	dataSourceBase
}

type organizationUsersModel struct {
	Usernames []string `tfsdk:"usernames"`
}

func (d *organizationUsersDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "dbos_organization_users"
}

func (d *organizationUsersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the users of the organization that the provider works in.",
		Attributes: map[string]schema.Attribute{
			"usernames": schema.ListAttribute{ElementType: types.StringType, Computed: true, MarkdownDescription: "The names of the users, sorted."},
		},
	}
}

func (d *organizationUsersDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	client, ok := d.session.connected(&resp.Diagnostics)
	if !ok {
		return
	}
	names, err := client.Users(ctx)
	if err != nil {
		addError(&resp.Diagnostics, "Cannot list the users of the organization", err, "")
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, organizationUsersModel{Usernames: append([]string{}, names...)})...)
}
