// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// passwordPlaceholder is what a configuration holds instead of a password that the environment provides at run time.
const passwordPlaceholder = "${PGPASSWORD}"

// Config sets hostname, port, username and password under `database:` in the text of a dbos-config.yaml, and returns
// the new text. Without a password it writes ${PGPASSWORD}.
//
// Only the text of these values changes: comments, order, quoting, line ends, blank lines and all other fields stay.
// Values that are right already stay as they are written. If an edit would change anything else, Config returns an
// error that begins with the line.
func Config(text string, c Connection) (string, error) {
	if err := c.Check(); err != nil {
		return "", err
	}
	fields := []field{
		{name: "hostname", tag: stringTag, value: c.Hostname},
		{name: "username", tag: stringTag, value: c.Username},
		{name: "password", tag: stringTag, value: cmp.Or(c.Password, passwordPlaceholder)},
	}
	if c.Port != 0 {
		fields = slices.Insert(fields, 1, field{name: "port", tag: intTag, value: strconv.FormatInt(c.Port, 10)})
	}

	before, err := parse(text)
	if err != nil {
		return "", err
	}
	edits, line, err := before.setDatabase(fields)
	if err != nil {
		return "", err
	}
	result := before.apply(edits)
	after, err := parse(result)
	if err != nil || !onlyChanges(before.root, after.root, fields) {
		return "", atLine(line, "setting `database` here would change other parts of the file; write it as an indented block of `name: value` lines, and end the file with a line break")
	}
	return result, nil
}

// field is one value under `database:`.
type field struct {
	name, tag, value string
}

// isSet tells whether a node has exactly the value of the field.
func (f field) isSet(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() == f.tag && n.Value == f.value
}

const (
	stringTag   = "!!str"
	intTag      = "!!int"
	nullTag     = "!!null"
	mergeTag    = "!!merge"
	databaseKey = "database"
)

func atLine(line int, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
}

// onlyChanges checks the result of the edits: the fields have their new values, and everything else means what it meant
// before.
func onlyChanges(before, after *yaml.Node, fields []field) bool {
	_, database := find(after, databaseKey)
	if database == nil || database.Kind != yaml.MappingNode {
		return false
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
		if _, value := find(database, f.name); !f.isSet(value) {
			return false
		}
	}
	_, old := find(before, databaseKey)
	return sameEntries(before, after, databaseKey) && sameEntries(old, database, names...)
}
