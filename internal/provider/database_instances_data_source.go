// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
)

var _ datasource.DataSourceWithConfigure = (*databaseInstancesDataSource)(nil)

func newDatabaseInstancesDataSource() datasource.DataSource { return &databaseInstancesDataSource{} }

// databaseInstancesDataSource lists the database instances, the counterpart of "dbos-cloud db list".
type databaseInstancesDataSource struct {
	dataSourceBase
}

type instanceListModel struct {
	Instances []instanceRecord `tfsdk:"instances"`
}

func (d *databaseInstancesDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "dbos_database_instances"
}

func (d *databaseInstancesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the database instances of the organization, including linked databases.",
		Attributes: map[string]schema.Attribute{
			"instances": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The instances, sorted by name.",
				NestedObject: schema.NestedAttributeObject{
					Attributes: instanceRecordAttributes(schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the database instance."}),
				},
			},
		},
	}
}

func (d *databaseInstancesDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	client, ok := d.session.connected(&resp.Diagnostics)
	if !ok {
		return
	}
	instances, err := client.Instances(ctx)
	if err != nil {
		addError(&resp.Diagnostics, "Cannot list the database instances", err, "")
		return
	}
	list := instanceListModel{Instances: make([]instanceRecord, 0, len(instances))}
	for _, instance := range instances {
		list.Instances = append(list.Instances, newInstanceRecord(instance))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, list)...)
}
