// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/connection"
)

var _ function.Function = databaseConfigFunction{}

func newDatabaseConfigFunction() function.Function { return databaseConfigFunction{} }

// databaseConfigFunction writes a connection into a dbos-config.yaml, as "dbos-cloud db connect" of older CLIs does.
type databaseConfigFunction struct{}

func (databaseConfigFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "database_config"
}

func (databaseConfigFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Writes a database connection into a dbos-config.yaml",
		MarkdownDescription: "Returns the text of a `dbos-config.yaml` with `hostname`, `port`, `username` and `password` set under `database:`. " +
			"Comments, order and all other fields stay as they are. If the connection has no password, the function writes `${PGPASSWORD}`, and the text contains no secret. " +
			"A resource has a sensitive `password`, so the result for a resource is sensitive. To show the result in an output, pass a data source.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "yaml", MarkdownDescription: "Text of the `dbos-config.yaml`, such as `file(\"dbos-config.yaml\")`. It may be empty."},
			function.DynamicParameter{Name: "connection", MarkdownDescription: connectionDescription},
		},
		Return: function.StringReturn{},
	}
}

func (databaseConfigFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var yaml string
	var argument types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &yaml, &argument); resp.Error != nil {
		return
	}
	c, problem := connectionFrom(argument, 1)
	if problem != nil {
		resp.Error = problem
		return
	}
	edited, err := connection.Config(yaml, c)
	if err != nil {
		resp.Error = argumentError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, edited)
}
