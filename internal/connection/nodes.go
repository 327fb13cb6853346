// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// sameEntries compares two mappings without some keys. A missing or null mapping counts as empty.
func sameEntries(a, b *yaml.Node, except ...string) bool {
	rest := func(n *yaml.Node) []*yaml.Node {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var nodes []*yaml.Node
		for i := 0; i < len(n.Content); i += 2 {
			if !slices.ContainsFunc(except, func(name string) bool { return isKey(n.Content[i], name) }) {
				nodes = append(nodes, n.Content[i], n.Content[i+1])
			}
		}
		return nodes
	}
	return slices.EqualFunc(rest(a), rest(b), sameNode)
}

func sameNode(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Style == b.Style && a.Tag == b.Tag && a.Value == b.Value && a.Anchor == b.Anchor &&
		slices.EqualFunc(a.Content, b.Content, sameNode)
}

func isKey(key *yaml.Node, name string) bool {
	return key.Kind == yaml.ScalarNode && key.ShortTag() == stringTag && key.Value == name
}

// checkKey refuses a key of this name that is not plain text: one with a tag, such as `!!map database:`, or an alias.
// To add a plain key beside it would make the file invalid.
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

// find looks a key up in a mapping. Both results are nil if it is missing.
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
