// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/dotenv"
)

var _ function.Function = dotenvFunction{}

func newDotenvFunction() function.Function { return dotenvFunction{} }

// dotenvFunction reads a dotenv file as "dbos-cloud app env import" does.
type dotenvFunction struct{}

func (dotenvFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "dotenv"
}

func (dotenvFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Reads a dotenv file",
		MarkdownDescription: "Returns the variables of a dotenv file as a map of strings. It reads comments, quotes, `export`, values of several lines and " +
			"references such as `${NAME:-default}` exactly as `dbos-cloud app env import` does. It runs no command. " +
			"A reference can only use a variable from an earlier line of the file, not from the environment of Terraform. " +
			"Mark the content as sensitive; otherwise the plan shows the values.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "content", MarkdownDescription: "Content of the file, such as `sensitive(file(\".env\"))`."},
		},
		Return: function.MapReturn{ElementType: types.StringType},
	}
}

func (dotenvFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var content string
	if resp.Error = req.Arguments.Get(ctx, &content); resp.Error != nil {
		return
	}
	variables, err := dotenv.Parse(content)
	if err != nil {
		resp.Error = argumentError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, variables)
}
