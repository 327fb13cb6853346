// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// setDatabase finds the edits that put fields under `database:`, and the line that a complaint about the result should
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

// addDatabase appends a new `database:`, as a block at the end of the file or in front of the other keys of a mapping
// in braces.
func (d *document) addDatabase(fields []field) ([]edit, error) {
	if merge := d.mergedDatabase(); merge != nil {
		return nil, atLine(merge.Line, "`database` comes from a merge (<<) and would be hidden by a new one; write it out first")
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
	// A document may be closed by a line of dots, with only comments after it.
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

// mergedDatabase is the value of a merge key that brings a `database` along.
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

// fillDatabase gives a `database:` without a value one.
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

// editBlock sets fields in an indented mapping. A new one goes after the field that comes before it, else to the top.
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
		start, end, err := d.scalar(key, value, false)
		if err != nil {
			return nil, err
		}
		if !d.keeps(f, value, start, end) {
			edits = append(edits, d.replace(f, value, start, end, false))
		}
		after = d.lineOf(end)
	}
	flush()
	return edits, nil
}

// editFlow sets fields in a mapping in braces; new ones go before the others.
func (d *document) editFlow(mapping *yaml.Node, fields []field) ([]edit, error) {
	var edits []edit
	var missing []field
	for _, f := range fields {
		key, value := find(mapping, f.name)
		if key == nil {
			missing = append(missing, f)
			continue
		}
		start, end, err := d.scalar(key, value, true)
		if err != nil {
			return nil, err
		}
		if !d.keeps(f, value, start, end) {
			edits = append(edits, d.replace(f, value, start, end, true))
		}
	}
	if len(missing) > 0 {
		edits = append(edits, d.prependFlow(mapping, flowText(missing, d.quotesKeys(mapping))))
	}
	return edits, nil
}

// scalar gives the span of a value that may be replaced.
func (d *document) scalar(key, value *yaml.Node, flow bool) (start, end int, err error) {
	if value.Kind != yaml.ScalarNode && value.Kind != yaml.AliasNode {
		return 0, 0, atLine(value.Line, "%q is %s, not a single value", key.Value, kindOf(value))
	}
	if d.aliased[value.Anchor] {
		return 0, 0, atLine(value.Line, "%q has the anchor &%s, which other parts of the file use and would change with it", key.Value, value.Anchor)
	}
	start, end = d.span(key, value, flow)
	return start, end, nil
}

// span is where a value stands; that of an absent one is empty and directly behind its colon, or behind its key where
// braces have no colon at all.
func (d *document) span(key, value *yaml.Node, flow bool) (start, end int) {
	start = d.offset(value)
	if end = d.scalarEnd(start, value, flow, key.Column-1); end > start {
		return start, end
	}
	at := d.skipProperties(d.offset(key), flow)
	if c := d.at(at); c == '"' || c == '\'' {
		at = quotedEnd(d.text, at)
	} else {
		at += len(key.Value)
	}
	if rest := strings.TrimLeft(d.text[at:], " \t"); strings.HasPrefix(rest, ":") {
		at = len(d.text) - len(rest) + 1
	}
	return at, at
}

// keeps says whether a value is right as it stands. One that is right only until "${" in it is filled in is not.
func (d *document) keeps(f field, value *yaml.Node, start, end int) bool {
	return f.isSet(value) && (f.value == PasswordPlaceholder || !strings.Contains(d.text[start:end], "${"))
}

func (d *document) replace(f field, value *yaml.Node, start, end int, flow bool) edit {
	text := f.render(value.Style, flow)
	if value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		// The first line of such a value may end in a comment.
		header := d.line(d.lineOf(start))
		if i := strings.Index(header, " #"); i >= 0 {
			text += header[i:]
		}
	}
	return d.place(start, end, text)
}

// place writes a value over the span of another.
func (d *document) place(start, end int, text string) edit {
	switch {
	case start == end && d.at(start-1) == ':':
		text = " " + text
		if next := d.at(end + 1); d.at(end) == ' ' && next != ' ' && next != '#' {
			end++
		}
	case start == end:
		text = ": " + text
	}
	return edit{start, end, text}
}

// prependFlow puts entries in front of those of a mapping in braces.
func (d *document) prependFlow(mapping *yaml.Node, text string) edit {
	if len(mapping.Content) > 0 {
		at := d.offset(mapping.Content[0])
		return edit{at, at, text + ", "}
	}
	at := d.offset(mapping)
	at += strings.IndexByte(d.text[at:], '{') + 1
	return edit{at, at, text}
}

// quotesKeys says whether a mapping is written as JSON is.
func (d *document) quotesKeys(mapping *yaml.Node) bool {
	return len(mapping.Content) > 0 && mapping.Content[0].Style&yaml.DoubleQuotedStyle != 0
}

// lead is the white space before a key, if nothing else stands there.
func (d *document) lead(key *yaml.Node) (string, bool) {
	before := d.text[d.starts[key.Line-1]:d.offset(key)]
	return before, strings.Trim(before, " ") == ""
}

// indentation is one step as the file itself does it, two blanks by default.
func (d *document) indentation() string {
	step := 2
	if d.root != nil && d.root.Style&yaml.FlowStyle == 0 {
		i := slices.IndexFunc(d.root.Content, func(n *yaml.Node) bool {
			return n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && n.Content[0].Column > d.root.Column
		})
		if i >= 0 {
			step = d.root.Content[i].Content[0].Column - d.root.Column
		}
	}
	return strings.Repeat(" ", step)
}

func blockLines(fields []field, indent string) []string {
	lines := make([]string, len(fields))
	for i, f := range fields {
		lines[i] = indent + f.name + ": " + f.render(0, false)
	}
	return lines
}

func flowText(fields []field, quoted bool) string {
	entries := make([]string, len(fields))
	var style yaml.Style
	if quoted {
		style = yaml.DoubleQuotedStyle
	}
	for i, f := range fields {
		entries[i] = renderKey(f.name, quoted) + ": " + f.render(style, true)
	}
	return strings.Join(entries, ", ")
}

func renderKey(name string, quoted bool) string {
	if quoted {
		return `"` + name + `"`
	}
	return name
}

func isBlankOrComment(line string) bool {
	text := strings.TrimLeft(line, " \t")
	return text == "" || text[0] == '#'
}
