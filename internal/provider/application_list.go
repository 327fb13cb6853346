// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// newApplicationList lists applications, whoever registered them.
func newApplicationList() list.ListResource {
	const plural = "applications"
	return &lister[applicationModel, *applicationModel, namePrefix]{
		of: &newApplication().managed, plural: plural, schema: namePrefixSchema(plural), find: findApplications,
	}
}

// findApplications yields the applications. One that is being deleted cannot be imported, so it is left out.
func findApplications(ctx context.Context, s *search[namePrefix]) iter.Seq2[func(*applicationModel), error] {
	return func(yield func(func(*applicationModel), error) bool) {
		applications, err := s.client.Applications(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, application := range applications {
			if application.Deleting() || !s.config.matches(application.Name) {
				continue
			}
			fill := func(m *applicationModel) {
				m.imported([]string{application.Name})
				m.observe(&application, s.organization)
				m.DatabaseInstanceName = observed(m.DatabaseInstanceName, application.Instance)
				if application.MemoryMiB != 0 {
					m.ExecutorsMemoryMiB = types.Int64Value(application.MemoryMiB)
				}
			}
			if !yield(fill, nil) {
				return
			}
		}
	}
}
