// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/list"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// newLinkedDatabaseList lists links. Older servers do not say which instances are links; there the list is empty.
func newLinkedDatabaseList() list.ListResource {
	const plural = "linked databases"
	return &lister[linkedDatabaseModel, *linkedDatabaseModel, namePrefix]{
		of: &newLinkedDatabase().managed, plural: plural, schema: namePrefixSchema(plural),
		find: func(ctx context.Context, s *search[namePrefix]) iter.Seq2[func(*linkedDatabaseModel), error] {
			return findInstances(ctx, s, func(i cloud.Instance) bool { return i.Linked }, func(m *linkedDatabaseModel, i *cloud.Instance) {
				m.imported([]string{i.Name})
				m.observe(i)
			})
		},
	}
}
