// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// lister is a list resource: it finds the objects that a managed resource could import. C is its configuration.
type lister[M any, P model[M], C any] struct {
	resourceBase
	of     *managed[M, P]
	plural string // names the objects in messages
	schema schema.Schema

	// find yields each object as a function that fills it in, as an import and the read after it would. It ends with
	// the first error.
	find func(ctx context.Context, s *search[C]) iter.Seq2[func(P), error]
}

// search holds what find needs.
type search[C any] struct {
	client       *cloud.Client
	organization types.String
	config       C
}

// namePrefix is the configuration of a list of objects that have a name of their own.
type namePrefix struct {
	NamePrefix types.String `tfsdk:"name_prefix"`
}

// matches tells whether a name is asked for.
func (c namePrefix) matches(name string) bool {
	return strings.HasPrefix(name, c.NamePrefix.ValueString())
}

func namePrefixSchema(plural string) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Lists the " + plural + " of the organization for `terraform query`. Needs Terraform 1.14 or newer.",
		Attributes: map[string]schema.Attribute{
			"name_prefix": schema.StringAttribute{Optional: true, MarkdownDescription: "List only the objects whose names begin with this. Default: list all."},
		},
	}
}

func (l *lister[M, P, C]) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = l.of.typeName
}

func (l *lister[M, P, C]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = l.schema
}

// List streams the objects that are found, at most as many as Terraform wants.
func (l *lister[M, P, C]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	stream.Results = func(push func(list.ListResult) bool) {
		var diags diag.Diagnostics
		var s search[C]
		diags.Append(req.Config.Get(ctx, &s.config)...)
		if !diags.HasError() {
			var ok bool
			if s.client, s.organization, ok = l.session.inOrganization(ctx, "the "+l.plural, "", types.StringNull(), &diags); ok {
				l.push(ctx, req, &s, push, &diags)
			}
		}
		if len(diags) > 0 {
			push(list.ListResult{Diagnostics: diags})
		}
	}
}

func (l *lister[M, P, C]) push(ctx context.Context, req list.ListRequest, s *search[C], push func(list.ListResult) bool, diags *diag.Diagnostics) {
	null := blank[M](ctx, tfsdk.State{Schema: req.ResourceSchema}, diags)
	pushed := int64(0)
	for fill, err := range l.find(ctx, s) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			addError(diags, "Cannot list the "+l.plural, err, "The list is not complete. "+runAgain)
			return
		}
		m := *null
		fill(&m)
		P(&m).common().Organization = s.organization
		if !push(l.result(ctx, req, &m)) {
			return
		}
		if pushed++; pushed == req.Limit {
			return
		}
	}
}

// result is one object of the list.
func (l *lister[M, P, C]) result(ctx context.Context, req list.ListRequest, m P) list.ListResult {
	result := req.NewListResult(ctx)
	var names []string
	for _, name := range m.key() {
		names = append(names, name.ValueString())
	}
	result.DisplayName = strings.Join(names, "/")
	l.of.identify(ctx, result.Identity, m)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	}
	return result
}
