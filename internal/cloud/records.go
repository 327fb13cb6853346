// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// record is an object as the API writes it.
type record[T any] interface {
	Check() error // of [api.Do]
	object() T
}

// namedRecord is the record of an object that can be read by its name.
type namedRecord[T any] interface {
	record[T]
	name() string
}

// records is a list of the API. Null is an empty list.
type records[R interface{ Check() error }] []R

func (list records[R]) Check() error {
	for i, r := range list {
		if err := r.Check(); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
}

// completeRecords is a list that must not be null.
type completeRecords[R interface{ Check() error }] []R

func (list completeRecords[R]) Check() error {
	if list == nil {
		return api.ErrNull
	}
	return records[R](list).Check()
}

// readOne reads the object of a call.
func readOne[R namedRecord[T], T any](ctx context.Context, c *api.Client, r api.Request) (*T, error) {
	found, err := api.Do[R](ctx, c, r)
	if err != nil {
		return nil, err
	}
	if found.name() != r.Object.Name {
		return nil, fmt.Errorf("DBOS Cloud was asked for %s %q and answered with another, %q", r.Object.Noun, r.Object.Name, redact.Line(found.name()))
	}
	object := found.object()
	return &object, nil
}

// readList reads a list, in the order of the API.
func readList[L ~[]R, R record[T], T any](ctx context.Context, c *api.Client, r api.Request) ([]T, error) {
	list, err := api.Do[L](ctx, c, r)
	if err != nil {
		return nil, err
	}
	objects := make([]T, len(list))
	for i, found := range list {
		objects[i] = found.object()
	}
	return objects, nil
}
