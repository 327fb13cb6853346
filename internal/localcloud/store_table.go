// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// table holds the rows of one kind by name. Rows are replaced and never changed in place, so that readers may keep
// them. Encoded rows are kept until they are replaced.
type table[T any] struct {
	rows    map[string]T
	encoded map[string][]byte
}

func newTable[T any](rows map[string]T) table[T] {
	if rows == nil {
		rows = map[string]T{}
	}
	return table[T]{rows: rows, encoded: map[string][]byte{}}
}

func (t *table[T]) get(name string) (T, bool) {
	row, ok := t.rows[name]
	return row, ok
}

func (t *table[T]) put(name string, row T) {
	t.rows[name] = row
	delete(t.encoded, name)
}

func (t *table[T]) remove(name string) {
	delete(t.rows, name)
	delete(t.encoded, name)
}

// all returns the rows in the order of their names.
func (t *table[T]) all() []T {
	rows := make([]T, 0, len(t.rows))
	for _, name := range slices.Sorted(maps.Keys(t.rows)) {
		rows = append(rows, t.rows[name])
	}
	return rows
}

func (t *table[T]) encode(image *bytes.Buffer) error {
	separator := "{"
	for _, name := range slices.Sorted(maps.Keys(t.rows)) {
		if t.encoded[name] == nil {
			row, err := json.Marshal(t.rows[name])
			if err != nil {
				return err
			}
			key, err := json.Marshal(name)
			if err != nil {
				return err
			}
			t.encoded[name] = slices.Concat(key, []byte(":"), row)
		}
		image.WriteString(separator + "\n")
		image.Write(t.encoded[name])
		separator = ","
	}
	if separator == "{" {
		image.WriteString("{")
	}
	image.WriteString("}")
	return nil
}
