// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// secretListModel is the configuration of the list of secrets.
type secretListModel struct {
	ApplicationName types.String `tfsdk:"application_name"`
}

// newApplicationSecretList lists secrets by their names; the API never returns their values.
func newApplicationSecretList() list.ListResource {
	return &lister[applicationSecretModel, *applicationSecretModel, secretListModel]{
		of: &newApplicationSecret().managed, plural: "application secrets", find: findSecrets,
		schema: schema.Schema{
			MarkdownDescription: "Lists the names of the secrets of applications for `terraform query`. The API never returns their values. Needs Terraform 1.14 or newer.",
			Attributes: map[string]schema.Attribute{
				"application_name": schema.StringAttribute{
					Optional: true, MarkdownDescription: "Application whose secrets to list. Default: all applications, with one API call for each.",
					Validators: applicationNameRules(),
				},
			},
		},
	}
}

// findSecrets yields the secrets of one application after another, and asks for those of the next only when it is its
// turn.
func findSecrets(ctx context.Context, s *search[secretListModel]) iter.Seq2[func(*applicationSecretModel), error] {
	return func(yield func(func(*applicationSecretModel), error) bool) {
		applications := []string{s.config.ApplicationName.ValueString()}
		all := s.config.ApplicationName.IsNull()
		if all {
			list, err := s.client.Applications(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			applications = nil
			for _, application := range list {
				if !application.Deleting() {
					applications = append(applications, application.Name)
				}
			}
		}
		for _, application := range applications {
			names, err := s.client.Secrets(ctx, application)
			if all && cloud.IsNotFound(err) { // It was deleted since it was listed.
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, name := range names {
				if !yield(func(m *applicationSecretModel) {
					m.imported([]string{application, name})
					m.ID = types.StringValue(m.path())
				}, nil) {
					return
				}
			}
		}
	}
}
