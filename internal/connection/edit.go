// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// setDatabase finds the edits that set the fields under `database:`, and the line that an error about the result should
// name.
func (d *document) setDatabase(fields []field) ([]edit, int, error) {
	if err := checkKey(d.root, databaseKey); err != nil {
		return nil, 0, err
	}
	key, value := find(d.root, databaseKey)
	if key == nil {
		edits, err := d.addDatabase(fields)
		return edits, 1, err
	}
	if d.aliased[value.Anchor] {
		return nil, 0, atLine(value.Line, "`database` has the anchor &%s, which other parts of the file use and would change with it", value.Anchor)
	}
	for _, f := range fields {
		if err := checkKey(value, f.name); err != nil {
			return nil, 0, err
		}
	}
	inFlow := d.root.Style&yaml.FlowStyle != 0
	var edits []edit
	var err error
	switch {
	case value.Kind == yaml.ScalarNode && value.ShortTag() == nullTag:
		edits, err = d.fillDatabase(key, value, fields)
	case value.Kind != yaml.MappingNode:
		err = atLine(value.Line, "`database` is %s, not a mapping of names to values", kindOf(value))
	case inFlow || value.Style&yaml.FlowStyle != 0:
		edits, err = d.editFlow(value, fields)
	default:
		edits, err = d.editBlock(value, fields)
	}
	return edits, value.Line, err
}

// addDatabase adds a new `database:`, as a block at the end of the file or as the first entry of a mapping in braces.
func (d *document) addDatabase(fields []field) ([]edit, error) {
	if merge := d.mergedDatabase(); merge != nil {
		return nil, atLine(merge.Line, "`database` comes from a merge (<<), and a new one would hide it; write it out first")
	}
	if d.root != nil && d.root.Style&yaml.FlowStyle != 0 {
		quoted := d.quotesKeys(d.root)
		text := renderKey(databaseKey, quoted) + ": {" + flowText(fields, quoted) + "}"
		return []edit{d.prependFlow(d.root, text)}, nil
	}
	indent := ""
	if d.root != nil {
		indent = strings.Repeat(" ", d.root.Column-1)
	}
	lines := append([]string{indent + databaseKey + ":"}, blockLines(fields, indent+d.indentation())...)
	if d.text == "" {
		return []edit{{0, 0, strings.Join(lines, d.eol) + d.eol}}, nil
	}
	last := len(d.starts) - 1
	if d.starts[last] == len(d.text) {
		last--
	}
	// A line of dots may end the document, with only comments after it.
	for i := last; i >= 0; i-- {
		if line := d.line(i); strings.HasPrefix(line, "...") {
			last = i - 1
			break
		} else if !isBlankOrComment(line) {
			break
		}
	}
	if last < 0 {
		return []edit{{0, 0, strings.Join(lines, d.eol) + d.eol}}, nil
	}
	return []edit{d.insertLines(last, lines)}, nil
}

// mergedDatabase is the value of a merge key that brings in a `database`.
func (d *document) mergedDatabase() *yaml.Node {
	if d.root == nil {
		return nil
	}
	for i := 0; i < len(d.root.Content); i += 2 {
		if d.root.Content[i].ShortTag() != mergeTag {
			continue
		}
		value := d.root.Content[i+1]
		sources := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			sources = value.Content
		}
		for _, source := range sources {
			if source.Kind == yaml.AliasNode {
				source = source.Alias
			}
			if key, _ := find(source, databaseKey); key != nil {
				return value
			}
		}
	}
	return nil
}

// fillDatabase gives a value to a `database:` that has none.
func (d *document) fillDatabase(key, value *yaml.Node, fields []field) ([]edit, error) {
	flow := d.root.Style&yaml.FlowStyle != 0
	start, end := d.span(key, value, flow)
	if flow {
		text := "{" + flowText(fields, d.quotesKeys(d.root)) + "}"
		return []edit{d.place(start, end, text)}, nil
	}
	indent, ok := d.lead(key)
	if !ok {
		return nil, atLine(key.Line, "`database` does not stand at the beginning of its line")
	}
	for start > 0 && d.text[start-1] == ' ' {
		start--
	}
	return []edit{
		{start, end, ""},
		d.insertLines(d.lineOf(end), blockLines(fields, indent+d.indentation())),
	}, nil
}

// editBlock sets fields in an indented mapping. It inserts a new field after the preceding one, or else at the top.
func (d *document) editBlock(mapping *yaml.Node, fields []field) ([]edit, error) {
	first := mapping.Content[0]
	indent, ok := d.lead(first)
	if !ok {
		return nil, atLine(first.Line, "%q does not stand at the beginning of its line", first.Value)
	}
	// The comments above the first key belong to that key.
	after := first.Line - 2
	for after > 0 && isBlankOrComment(d.line(after)) {
		after--
	}
	var edits []edit
	var missing []field
	flush := func() {
		if len(missing) > 0 {
			edits = append(edits, d.insertLines(after, blockLines(missing, indent)))
			missing = nil
		}
	}
	for _, f := range fields {
		key, value := find(mapping, f.name)
		if key == nil {
			missing = append(missing, f)
			continue
		}
		flush()
		set, end, err := d.setValue(f, key, value, false)
		if err != nil {
			return nil, err
		}
		edits = append(edits, set...)
		after = d.lineOf(end)
	}
	flush()
	return edits, nil
}

// editFlow sets fields in a mapping in braces. It inserts new fields before the others.
func (d *document) editFlow(mapping *yaml.Node, fields []field) ([]edit, error) {
	var edits []edit
	var missing []field
	for _, f := range fields {
		key, value := find(mapping, f.name)
		if key == nil {
			missing = append(missing, f)
			continue
		}
		set, _, err := d.setValue(f, key, value, true)
		if err != nil {
			return nil, err
		}
		edits = append(edits, set...)
	}
	if len(missing) > 0 {
		edits = append(edits, d.prependFlow(mapping, flowText(missing, d.quotesKeys(mapping))))
	}
	return edits, nil
}

func isBlankOrComment(line string) bool {
	text := strings.TrimLeft(line, " \t")
	return text == "" || text[0] == '#'
}
