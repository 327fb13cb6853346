// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

var _ datasource.DataSourceWithConfigure = (*applicationDataSource)(nil)

func newApplicationDataSource() datasource.DataSource { return &applicationDataSource{} }

// applicationDataSource looks one application up, the counterpart of "dbos-cloud app status".
type applicationDataSource struct {
	dataSourceBase
}

// applicationRecord is an application as the data sources show it.
type applicationRecord struct {
	Name                 types.String `tfsdk:"name"`
	ApplicationID        types.String `tfsdk:"application_id"`
	DatabaseInstanceName types.String `tfsdk:"database_instance_name"`
	DatabaseName         types.String `tfsdk:"database_name"`
	Status               types.String `tfsdk:"status"`
	Available            types.Bool   `tfsdk:"available"`
	Version              types.String `tfsdk:"version"`
	URL                  types.String `tfsdk:"url"`
	ExecutorsMemoryMiB   types.Int64  `tfsdk:"executors_memory_mib"`
}

func newApplicationRecord(application cloud.Application) applicationRecord {
	record := applicationRecord{
		Name:                 types.StringValue(application.Name),
		ApplicationID:        nullIfEmpty(application.ID),
		DatabaseInstanceName: nullIfEmpty(application.Instance),
		DatabaseName:         nullIfEmpty(application.Database),
		Status:               nullIfEmpty(application.Status),
		Available:            types.BoolValue(application.Available()),
		Version:              nullIfEmpty(application.Version),
		URL:                  nullIfEmpty(application.URL),
	}
	if application.MemoryMiB != 0 {
		record.ExecutorsMemoryMiB = types.Int64Value(application.MemoryMiB)
	}
	return record
}

// applicationRecordAttributes describes applicationRecord; name is configured where one application is looked up, and
// computed in a list.
func applicationRecordAttributes(name schema.StringAttribute) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name":                   name,
		"application_id":         schema.StringAttribute{Computed: true, MarkdownDescription: "Identifier that DBOS Cloud gave the application."},
		"database_instance_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Database instance that the application runs on."},
		"database_name":          schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the application's own database on the instance."},
		"status":                 schema.StringAttribute{Computed: true, MarkdownDescription: "Status, as DBOS Cloud returns it."},
		"available":              schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the application serves. This is so if its status is `AVAILABLE`."},
		"version":                schema.StringAttribute{Computed: true, MarkdownDescription: "Running version. Null before the first deploy."},
		"url":                    schema.StringAttribute{Computed: true, MarkdownDescription: "URL of the application."},
		"executors_memory_mib":   schema.Int64Attribute{Computed: true, MarkdownDescription: "Memory of an executor in MiB."},
	}
}

// applicationNameOfDataSource is the name of the application that a data source asks for.
func applicationNameOfDataSource() schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "Name of the application.",
		Validators:          applicationNameRules(),
	}
}

func (d *applicationDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "dbos_application"
}

func (d *applicationDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Looks up an application. It does not matter who registered it.",
		Attributes:          applicationRecordAttributes(applicationNameOfDataSource()),
	}
}

func (d *applicationDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var record applicationRecord
	resp.Diagnostics.Append(req.Config.Get(ctx, &record)...)
	client, ok := d.session.connected(&resp.Diagnostics)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	name := record.Name.ValueString()
	application, err := client.Application(ctx, name)
	if err != nil {
		applicationReadError("name", "Cannot read", name, err, &resp.Diagnostics)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, newApplicationRecord(*application))...)
}

// applicationReadError reports a failed look-up of a data source, or that the application which the attribute names
// does not exist.
func applicationReadError(attribute, failed, name string, err error, diags *diag.Diagnostics) {
	if cloud.IsNotFound(err) {
		addAttributeError(diags, attribute, fmt.Sprintf("Application %q does not exist", name),
			sentence(err.Error())+" Check the name and the organization.")
		return
	}
	addError(diags, fmt.Sprintf("%s application %q", failed, name), err, "")
}
