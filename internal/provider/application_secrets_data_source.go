// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*applicationSecretsDataSource)(nil)

func newApplicationSecretsDataSource() datasource.DataSource { return &applicationSecretsDataSource{} }

// applicationSecretsDataSource lists the names of an application's secrets, the counterpart of "dbos-cloud app env
// list".
type applicationSecretsDataSource struct {
	dataSourceBase
}

type applicationSecretsModel struct {
	ApplicationName types.String `tfsdk:"application_name"`
	Names           []string     `tfsdk:"names"`
}

func (d *applicationSecretsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "dbos_application_secrets"
}

func (d *applicationSecretsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the names of an application's secrets. The API never returns their values.",
		Attributes: map[string]schema.Attribute{
			"application_name": applicationNameOfDataSource(),
			"names": schema.ListAttribute{
				ElementType:         types.StringType,
				Computed:            true,
				MarkdownDescription: "The names, sorted.",
			},
		},
	}
}

func (d *applicationSecretsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model applicationSecretsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client, ok := d.session.connected(&resp.Diagnostics)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	name := model.ApplicationName.ValueString()
	names, err := client.Secrets(ctx, name)
	if err != nil {
		applicationReadError("application_name", "Cannot list the secrets of", name, err, &resp.Diagnostics)
		return
	}
	model.Names = append([]string{}, names...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
