// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

var _ datasource.DataSourceWithConfigure = (*databaseInstanceDataSource)(nil)

func newDatabaseInstanceDataSource() datasource.DataSource { return &databaseInstanceDataSource{} }

// databaseInstanceDataSource looks one database instance up, the counterpart of "dbos-cloud db status".
type databaseInstanceDataSource struct {
	dataSourceBase
}

// instanceRecord is a database instance as the data sources show it.
type instanceRecord struct {
	Name              types.String `tfsdk:"name"`
	Username          types.String `tfsdk:"username"`
	AdminUsername     types.String `tfsdk:"admin_username"`
	Hostname          types.String `tfsdk:"hostname"`
	Port              types.Int64  `tfsdk:"port"`
	Status            types.String `tfsdk:"status"`
	Available         types.Bool   `tfsdk:"available"`
	Linked            types.Bool   `tfsdk:"linked"`
	SupabaseReference types.String `tfsdk:"supabase_reference"`
}

func newInstanceRecord(instance cloud.Instance) instanceRecord {
	record := instanceRecord{
		Name:              types.StringValue(instance.Name),
		Username:          nullIfEmpty(instance.Username),
		AdminUsername:     nullIfEmpty(instance.AdminUsername),
		Hostname:          nullIfEmpty(instance.Hostname),
		Status:            nullIfEmpty(instance.Status),
		Available:         types.BoolValue(instance.Available()),
		SupabaseReference: nullIfEmpty(instance.SupabaseReference),
	}
	if instance.Provisioned || instance.Linked {
		record.Linked = types.BoolValue(instance.Linked)
	}
	if instance.Port != 0 {
		record.Port = types.Int64Value(instance.Port)
	}
	return record
}

// instanceRecordAttributes describes instanceRecord; name is configured where one instance is looked up, and computed
// in a list.
func instanceRecordAttributes(name schema.StringAttribute) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name":               name,
		"username":           schema.StringAttribute{Computed: true, MarkdownDescription: "Role that you log in with."},
		"admin_username":     schema.StringAttribute{Computed: true, MarkdownDescription: "Role with which DBOS Cloud administers the instance."},
		"hostname":           schema.StringAttribute{Computed: true, MarkdownDescription: "Host name of the database server. Null until there is one."},
		"port":               schema.Int64Attribute{Computed: true, MarkdownDescription: "Port of the database server. Null until there is one."},
		"status":             schema.StringAttribute{Computed: true, MarkdownDescription: "Status, such as `creating` or `available`. The values are those of Amazon RDS."},
		"available":          schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the instance can be used. This is so if its status is `available` or `backing-up`, and it has a host name."},
		"linked":             schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it is a linked database, which DBOS Cloud did not provision. Null if an older server does not return it."},
		"supabase_reference": schema.StringAttribute{Computed: true, MarkdownDescription: "Reference of the Supabase project that a linked database belongs to."},
	}
}

func (d *databaseInstanceDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "dbos_database_instance"
}

func (d *databaseInstanceDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Looks up a database instance, provisioned or linked. The API never returns its password.",
		Attributes: instanceRecordAttributes(schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the database instance.",
			Validators:          instanceNameRules(),
		}),
	}
}

func (d *databaseInstanceDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var record instanceRecord
	resp.Diagnostics.Append(req.Config.Get(ctx, &record)...)
	client, ok := d.session.connected(&resp.Diagnostics)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	name := record.Name.ValueString()
	instance, err := client.Instance(ctx, name)
	switch {
	case cloud.IsNotFound(err):
		addAttributeError(&resp.Diagnostics, "name", fmt.Sprintf("Database instance %q does not exist", name),
			sentence(err.Error())+" Check the name and the organization. A data source never creates an instance.")
	case err != nil:
		addError(&resp.Diagnostics, fmt.Sprintf("Cannot read database instance %q", name), err, "")
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, newInstanceRecord(*instance))...)
	}
}
