// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*applicationsDataSource)(nil)

func newApplicationsDataSource() datasource.DataSource { return &applicationsDataSource{} }

// applicationsDataSource lists the applications, the counterpart of "dbos-cloud app list".
type applicationsDataSource struct {
	dataSourceBase
}

type applicationListModel struct {
	DatabaseInstanceName types.String        `tfsdk:"database_instance_name"`
	Applications         []applicationRecord `tfsdk:"applications"`
}

func (d *applicationsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "dbos_applications"
}

func (d *applicationsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the applications of the organization, or only the applications on one database instance. After a restore, these are the applications to move.",
		Attributes: map[string]schema.Attribute{
			"database_instance_name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "List only the applications on this database instance. The instance may be deleted already. Default: list all.",
				Validators:          instanceNameRules(),
			},
			"applications": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The applications, sorted by name.",
				NestedObject: schema.NestedAttributeObject{
					Attributes: applicationRecordAttributes(schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the application."}),
				},
			},
		},
	}
}

func (d *applicationsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var list applicationListModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &list)...)
	client, ok := d.session.connected(&resp.Diagnostics)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	applications, err := client.Applications(ctx)
	if err != nil {
		addError(&resp.Diagnostics, "Cannot list the applications", err, "")
		return
	}
	list.Applications = make([]applicationRecord, 0, len(applications))
	for _, application := range applications {
		if list.DatabaseInstanceName.IsNull() || list.DatabaseInstanceName.ValueString() == application.Instance {
			list.Applications = append(list.Applications, newApplicationRecord(application))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &list)...)
}
