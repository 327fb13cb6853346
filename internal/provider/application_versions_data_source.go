// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/timestamp"
)

var _ datasource.DataSourceWithConfigure = (*applicationVersionsDataSource)(nil)

func newApplicationVersionsDataSource() datasource.DataSource {
	return &applicationVersionsDataSource{}
}

// applicationVersionsDataSource lists the versions of an application and finds the one that was running at a time, the
// counterpart of "dbos-cloud app versions".
type applicationVersionsDataSource struct {
	dataSourceBase
}

type applicationVersionsModel struct {
	ApplicationName types.String               `tfsdk:"application_name"`
	RunningAt       types.String               `tfsdk:"running_at"`
	Versions        []applicationVersionRecord `tfsdk:"versions"`
	RunningVersion  types.String               `tfsdk:"running_version"`
}

type applicationVersionRecord struct {
	Version   types.String `tfsdk:"version"`
	CreatedAt types.String `tfsdk:"created_at"`
}

func (d *applicationVersionsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "dbos_application_versions"
}

func (d *applicationVersionsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the versions of an application, and finds the version that ran at a given time, such as the time of a restore.",
		Attributes: map[string]schema.Attribute{
			"application_name": applicationNameOfDataSource(),
			"running_at": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Time for which to find the running version, in RFC 3339 format with its zone.",
				Validators:          []validator.String{rule("time", "a time in RFC 3339 format", checkTimestamp)},
			},
			"versions": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The versions, newest first.",
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"version":    schema.StringAttribute{Computed: true, MarkdownDescription: "The version, for use as `previous_version`."},
						"created_at": schema.StringAttribute{Computed: true, MarkdownDescription: "When it was deployed, in RFC 3339 format."},
					},
				},
			},
			"running_version": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Newest version that was created at or before `running_at`. Null if there was none, or if `running_at` is not set. " +
					"The API does not return whether this version really served at that time.",
			},
		},
	}
}

func (d *applicationVersionsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model applicationVersionsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client, ok := d.session.connected(&resp.Diagnostics)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	name := model.ApplicationName.ValueString()
	versions, err := client.ApplicationVersions(ctx, name)
	if err != nil {
		applicationReadError("application_name", "Cannot list the versions of", name, err, &resp.Diagnostics)
		return
	}
	at, err := timestamp.Parse(model.RunningAt.ValueString())
	asked := err == nil // A running_at that is set is a time: its validator has checked it.
	model.Versions = make([]applicationVersionRecord, 0, len(versions))
	for _, version := range versions {
		model.Versions = append(model.Versions, applicationVersionRecord{
			Version:   types.StringValue(version.Version),
			CreatedAt: types.StringValue(version.CreatedAt.UTC().Format(time.RFC3339Nano)),
		})
		if asked && model.RunningVersion.IsNull() && !version.CreatedAt.After(at) {
			model.RunningVersion = types.StringValue(version.Version)
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
