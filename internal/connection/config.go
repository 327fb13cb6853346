// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// PasswordPlaceholder stands in a configuration for a password that the environment gives at run time.
const PasswordPlaceholder = "${PGPASSWORD}"

// Config sets hostname, port, username and password under `database:` in the text of a dbos-config.yaml and returns the
// new text. Without a password it writes PasswordPlaceholder.
//
// Only the text of these values changes: comments, order, quoting, line ends, blank lines and all other fields stay as
// they are, and values that are right already are not touched. What cannot be edited like that without changing
// something else is an error that begins with its line.
func Config(text string, c Connection) (string, error) {
	if err := c.checkAddress(); err != nil {
		return "", err
	}
	password := c.Password
	if password == "" {
		password = PasswordPlaceholder
	}
	if err := checkText("password", password); err != nil {
		return "", err
	}
	fields := []field{
		{name: "hostname", tag: stringTag, value: c.Hostname},
		{name: "username", tag: stringTag, value: c.Username},
		{name: "password", tag: stringTag, value: password},
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

// isSet says whether a node gives exactly the field's value.
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

// onlyChanges is the safety net below the text edits: the fields have their new values, and all else means what it
// meant before.
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

// sameEntries compares two mappings but for some keys; a missing or null one is empty.
func sameEntries(a, b *yaml.Node, except ...string) bool {
	rest := func(n *yaml.Node) []*yaml.Node {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var nodes []*yaml.Node
		for i := 0; i < len(n.Content); i += 2 {
			if !isOneOf(n.Content[i], except) {
				nodes = append(nodes, n.Content[i], n.Content[i+1])
			}
		}
		return nodes
	}
	return sameNodes(rest(a), rest(b))
}

func sameNodes(a, b []*yaml.Node) bool {
	if len(a) != len(b) {
		return false
	}
	for i, x := range a {
		y := b[i]
		if x.Kind != y.Kind || x.Style != y.Style || x.Tag != y.Tag || x.Value != y.Value || x.Anchor != y.Anchor ||
			!sameNodes(x.Content, y.Content) {
			return false
		}
	}
	return true
}

func isOneOf(key *yaml.Node, names []string) bool {
	for _, name := range names {
		if isKey(key, name) {
			return true
		}
	}
	return false
}

func isKey(key *yaml.Node, name string) bool {
	return key.Kind == yaml.ScalarNode && key.ShortTag() == stringTag && key.Value == name
}

// checkKey refuses a key that has the name but is not plain text: one with a tag, such as `!!map database:`, or an
// alias. A second key of that name beside it would make the file invalid.
func checkKey(mapping *yaml.Node, name string) error {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(mapping.Content); i += 2 {
		key := mapping.Content[i]
		switch {
		case key.Kind == yaml.AliasNode && key.Alias != nil && key.Alias.Value == name:
			return atLine(key.Line, "the key %q is written as the alias *%s; write it out", name, key.Value)
		case key.Kind == yaml.ScalarNode && key.Value == name && !isKey(key, name):
			return atLine(key.Line, "the key %q has the tag %s; remove the tag", name, key.ShortTag())
		}
	}
	return nil
}

// find looks a key up in a mapping; both results are nil where there is none.
func find(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i < len(mapping.Content); i += 2 {
		if isKey(mapping.Content[i], name) {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}
