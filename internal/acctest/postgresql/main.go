// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command postgresql is a provider for tests: it makes roles, databases and grants in a PostgreSQL server, under the
// names and attributes of the public cyrilgdn/postgresql. Like that provider, it logs in when it reads, so also
// during a plan.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/url"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/jackc/pgx/v5"
)

func main() {
	serve := func() provider.Provider { return &postgresql{} }
	options := providerserver.ServeOpts{Address: "registry.terraform.io/cyrilgdn/postgresql", ProtocolVersion: 6}
	if err := providerserver.Serve(context.Background(), serve, options); err != nil {
		log.Fatal(err)
	}
}

type postgresql struct{}

type settings struct {
	Host      types.String `tfsdk:"host"`
	Port      types.Int64  `tfsdk:"port"`
	Username  types.String `tfsdk:"username"`
	Password  types.String `tfsdk:"password"`
	SSLMode   types.String `tfsdk:"sslmode"`
	Superuser types.Bool   `tfsdk:"superuser"`
}

func (*postgresql) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "postgresql"
}

func (*postgresql) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"host":      schema.StringAttribute{Optional: true},
		"port":      schema.Int64Attribute{Optional: true},
		"username":  schema.StringAttribute{Optional: true},
		"password":  schema.StringAttribute{Optional: true, Sensitive: true},
		"sslmode":   schema.StringAttribute{Optional: true},
		"superuser": schema.BoolAttribute{Optional: true},
	}}
}

// Configure does not log in, since the plan that creates the server does not know its address yet.
func (*postgresql) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var s settings
	resp.Diagnostics.Append(req.Config.Get(ctx, &s)...)
	resp.ResourceData = &s
}

func (*postgresql) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return &object{kind: role} },
		func() resource.Resource { return &object{kind: database} },
		func() resource.Resource { return &object{kind: grant} },
	}
}

func (*postgresql) DataSources(context.Context) []func() datasource.DataSource { return nil }

// run logs in and runs one statement. It returns how many rows came back.
func (s *settings) run(ctx context.Context, statement string, args ...any) (int64, error) {
	address := url.URL{
		Scheme:   "postgresql",
		User:     url.UserPassword(s.Username.ValueString(), s.Password.ValueString()),
		Host:     net.JoinHostPort(s.Host.ValueString(), strconv.FormatInt(s.Port.ValueInt64(), 10)),
		Path:     "postgres",
		RawQuery: "sslmode=" + s.SSLMode.ValueString(),
	}
	conn, err := pgx.Connect(ctx, address.String())
	if err != nil {
		return 0, fmt.Errorf("log in: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	tag, err := conn.Exec(ctx, statement, args...)
	return tag.RowsAffected(), err
}
