// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

var _ function.Function = parseConnectionURLFunction{}

func newParseConnectionURLFunction() function.Function { return parseConnectionURLFunction{} }

// parseConnectionURLFunction takes a connection URL apart. It is the counterpart of connection_url.
type parseConnectionURLFunction struct{}

// parsedConnection is what the function returns. A part that the URL does not have is null.
type parsedConnection struct {
	Hostname types.String `tfsdk:"hostname"`
	Port     types.Int64  `tfsdk:"port"`
	Username types.String `tfsdk:"username"`
	Password types.String `tfsdk:"password"`
	Database types.String `tfsdk:"database"`
	SSLMode  types.String `tfsdk:"sslmode"`
}

func (parseConnectionURLFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_connection_url"
}

func (parseConnectionURLFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Splits a connection URL into its parts",
		MarkdownDescription: "Returns an object with `hostname`, `port`, `username`, `password`, `database` and `sslmode` of a `postgresql://` or `postgres://` URL. " +
			"The parts are percent-decoded, and an IPv6 address has no brackets. If the URL has no port, `port` is 5432. Any other missing part is null. " +
			"Parameters other than `sslmode` are ignored. The result is sensitive if the argument is sensitive, and ephemeral if the argument is ephemeral.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "url", MarkdownDescription: "Connection URL. Percent-encode special characters in the user name and the password."},
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"hostname": types.StringType, "port": types.Int64Type, "username": types.StringType,
			"password": types.StringType, "database": types.StringType, "sslmode": types.StringType,
		}},
	}
}

func (parseConnectionURLFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var url string
	if resp.Error = req.Arguments.Get(ctx, &url); resp.Error != nil {
		return
	}
	c, err := connection.ParseURL(url)
	if err != nil {
		resp.Error = argumentError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, parsedConnection{
		Hostname: types.StringValue(c.Hostname),
		Port:     types.Int64Value(c.Port),
		Username: nullIfEmpty(c.Username),
		Password: nullIfEmpty(c.Password),
		Database: nullIfEmpty(c.Database),
		SSLMode:  nullIfEmpty(c.SSLMode),
	})
}
