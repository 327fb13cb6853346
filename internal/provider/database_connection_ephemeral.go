// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

var _ ephemeral.EphemeralResourceWithConfigure = (*databaseConnectionEphemeral)(nil)

func newDatabaseConnectionEphemeral() ephemeral.EphemeralResource {
	return &databaseConnectionEphemeral{}
}

// databaseConnectionEphemeral is the connection to a database, the counterpart of "dbos-cloud db connect" and "db url".
// No plan and no state contains it.
type databaseConnectionEphemeral struct {
	session *session
}

type databaseConnectionModel struct {
	DatabaseInstanceName types.String `tfsdk:"database_instance_name"`
	Password             types.String `tfsdk:"password"`
	Database             types.String `tfsdk:"database"`
	Username             types.String `tfsdk:"username"`
	SSLMode              types.String `tfsdk:"sslmode"`
	URL                  types.String `tfsdk:"url"`
	Hostname             types.String `tfsdk:"hostname"`
	Port                 types.Int64  `tfsdk:"port"`
}

func (e *databaseConnectionEphemeral) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

func (e *databaseConnectionEphemeral) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = "dbos_database_connection"
}

func (e *databaseConnectionEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The connection to a database instance, for the configuration of another provider or for a write-only attribute. " +
			"Terraform never stores it. Needs Terraform 1.10 or newer.\n\n" +
			"~> Be careful when you run migration commands by hand on a production database.",
		Attributes: map[string]schema.Attribute{
			"database_instance_name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the database instance. It must exist: this resource never creates one.",
				Validators:          instanceNameRules(),
			},
			"password": schema.StringAttribute{
				Required:            true,
				Sensitive:           true,
				MarkdownDescription: "Password of the role. The API never returns it.",
			},
			"database": schema.StringAttribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "Database to connect to. Default: `postgres`.",
			},
			"username": schema.StringAttribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "Role to log in as. Default: the role of the instance, or `postgres.{reference}` for a linked Supabase database.",
			},
			"sslmode": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Value of `sslmode` in the URL, such as `require`. Default: no `sslmode` in the URL.",
			},
			"url":      schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The connection as a `postgresql://` URL. Every part is percent-encoded."},
			"hostname": schema.StringAttribute{Computed: true, MarkdownDescription: "Host name of the database server."},
			"port":     schema.Int64Attribute{Computed: true, MarkdownDescription: "Port of the database server."},
		},
	}
}

func (e *databaseConnectionEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model databaseConnectionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client, ok := e.session.connected(&resp.Diagnostics)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	name := model.DatabaseInstanceName.ValueString()
	instance, err := client.Instance(ctx, name)
	switch {
	case cloud.IsNotFound(err):
		addAttributeError(&resp.Diagnostics, "database_instance_name", fmt.Sprintf("Database instance %q does not exist", name), sentence(err.Error())+" Check the name and the organization.")
		return
	case err != nil:
		addError(&resp.Diagnostics, fmt.Sprintf("Cannot read database instance %q", name), err, "")
		return
	case instance.Hostname == "":
		addAttributeError(&resp.Diagnostics, "database_instance_name", fmt.Sprintf("Database instance %q cannot be connected to yet", name),
			fmt.Sprintf("It has no host name yet, and its status is %q. Apply again when it is available.", instance.Status))
		return
	}

	url, err := connection.URL(model.fill(instance))
	if err != nil {
		addError(&resp.Diagnostics, fmt.Sprintf("Cannot write the connection to database instance %q", name), err, "")
		return
	}
	model.URL = types.StringValue(url)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
}

// fill completes the model with the instance's attributes and the defaults.
func (m *databaseConnectionModel) fill(instance *cloud.Instance) connection.Connection {
	if m.Username.IsNull() {
		m.Username = types.StringValue(instance.Username)
		if instance.SupabaseReference != "" {
			m.Username = types.StringValue("postgres." + instance.SupabaseReference)
		}
	}
	if m.Database.IsNull() {
		m.Database = types.StringValue("postgres")
	}
	m.Hostname = types.StringValue(instance.Hostname)
	m.Port = types.Int64Value(instance.Port)
	return connection.Connection{
		Hostname: instance.Hostname, Port: instance.Port,
		Username: m.Username.ValueString(), Password: m.Password.ValueString(),
		Database: m.Database.ValueString(), SSLMode: m.SSLMode.ValueString(),
	}
}
