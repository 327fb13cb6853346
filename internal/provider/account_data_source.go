// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*accountDataSource)(nil)

func newAccountDataSource() datasource.DataSource { return &accountDataSource{} }

// accountDataSource tells whose login the provider uses, the counterpart of "dbos-cloud profile".
type accountDataSource struct {
	dataSourceBase
}

type accountModel struct {
	Name              types.String `tfsdk:"name"`
	Email             types.String `tfsdk:"email"`
	Organization      types.String `tfsdk:"organization"`
	SubscriptionPlan  types.String `tfsdk:"subscription_plan"`
	OrganizationAdmin types.Bool   `tfsdk:"organization_admin"`
	CreatedAt         types.String `tfsdk:"created_at"`
}

func (d *accountDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "dbos_account"
}

func (d *accountDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The account whose login the provider uses.",
		Attributes: map[string]schema.Attribute{
			"name":               schema.StringAttribute{Computed: true, MarkdownDescription: "User name."},
			"email":              schema.StringAttribute{Computed: true, MarkdownDescription: "E-mail address."},
			"organization":       schema.StringAttribute{Computed: true, MarkdownDescription: "Organization of the account. The provider works in it unless another one is configured."},
			"subscription_plan":  schema.StringAttribute{Computed: true, MarkdownDescription: "Subscription plan. Limits such as the backup retention depend on it."},
			"organization_admin": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the user is an administrator of the organization. Null if the API does not return it."},
			"created_at":         schema.StringAttribute{Computed: true, MarkdownDescription: "When the account was created. Null if the API does not return it."},
		},
	}
}

func (d *accountDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	client, ok := d.session.connected(&resp.Diagnostics)
	if !ok {
		return
	}
	account, err := client.Account(ctx)
	if err != nil {
		addError(&resp.Diagnostics, "Cannot read the account", err, "")
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, accountModel{
		Name:              nullIfEmpty(account.Name),
		Email:             nullIfEmpty(account.Email),
		Organization:      nullIfEmpty(account.Organization),
		SubscriptionPlan:  nullIfEmpty(account.SubscriptionPlan),
		OrganizationAdmin: types.BoolPointerValue(account.OrganizationAdmin),
		CreatedAt:         nullIfEmpty(account.CreatedAt),
	})...)
}
