// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/list"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// newDatabaseInstanceList lists provisioned instances, however they were made. Older servers do not say whether an
// instance is linked; assume that it is provisioned, since most are.
func newDatabaseInstanceList() list.ListResource {
	const plural = "database instances"
	return &lister[instanceModel, *instanceModel, namePrefix]{
		of: &newDatabaseInstance().managed, plural: plural, schema: namePrefixSchema(plural),
		find: func(ctx context.Context, s *search[namePrefix]) iter.Seq2[func(*instanceModel), error] {
			return findInstances(ctx, s, func(i cloud.Instance) bool { return !i.Linked }, func(m *instanceModel, i *cloud.Instance) {
				m.imported([]string{i.Name})
				m.observe(i, s.organization)
			})
		},
	}
}

// findInstances yields the instances of one kind. One that is being deleted cannot be imported, so it is left out.
func findInstances[P any](ctx context.Context, s *search[namePrefix], wanted func(cloud.Instance) bool, fill func(P, *cloud.Instance)) iter.Seq2[func(P), error] {
	return func(yield func(func(P), error) bool) {
		instances, err := s.client.Instances(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, instance := range instances {
			if !wanted(instance) || instance.Deleting() || !s.config.matches(instance.Name) {
				continue
			}
			if !yield(func(m P) { fill(m, &instance) }, nil) {
				return
			}
		}
	}
}
