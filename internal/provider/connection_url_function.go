// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

var _ function.Function = connectionURLFunction{}

func newConnectionURLFunction() function.Function { return connectionURLFunction{} }

// connectionURLFunction writes a connection as a URL, as "dbos-cloud db url" prints it.
type connectionURLFunction struct{}

func (connectionURLFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "connection_url"
}

func (connectionURLFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Writes a database connection as a URL",
		MarkdownDescription: "Returns `postgresql://username:password@hostname:port/database`. Every part is percent-encoded, and an IPv6 address is in brackets, " +
			"so every valid password and host name works. The result contains the password: it is sensitive if the argument is sensitive, and ephemeral if the argument is ephemeral.",
		Parameters: []function.Parameter{
			function.DynamicParameter{Name: "connection", MarkdownDescription: connectionDescription},
		},
		Return: function.StringReturn{},
	}
}

func (connectionURLFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var argument types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &argument); resp.Error != nil {
		return
	}
	c, problem := connectionFrom(argument, 0)
	if problem != nil {
		resp.Error = problem
		return
	}
	if c.Password == "" {
		resp.Error = argumentError(0, "the connection has no password, and the API never returns one; merge it into the object, as in merge(dbos_database_instance.NAME, { password = var.password })")
		return
	}
	url, err := connection.URL(c)
	if err != nil {
		resp.Error = argumentError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, url)
}
