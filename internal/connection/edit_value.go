// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// setValue finds the edits that set a field whose key exists, and the end of its present value. There is none if the
// value is right already.
func (d *document) setValue(f field, key, value *yaml.Node, flow bool) (edits []edit, end int, err error) {
	if value.Kind != yaml.ScalarNode && value.Kind != yaml.AliasNode {
		return nil, 0, atLine(value.Line, "%q is %s, not a single value", key.Value, kindOf(value))
	}
	if d.aliased[value.Anchor] {
		return nil, 0, atLine(value.Line, "%q has the anchor &%s, which other parts of the file use and would change with it", key.Value, value.Anchor)
	}
	start, end := d.span(key, value, flow)
	// The environment could still change a value with "${" in it.
	if f.isSet(value) && (f.value == passwordPlaceholder || !strings.Contains(d.text[start:end], "${")) {
		return nil, end, nil
	}
	text := f.render(value.Style, flow)
	if value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		// The first line of such a value may end in a comment, which stays.
		header := d.line(d.lineOf(start))
		if i := strings.Index(header, " #"); i >= 0 {
			text += header[i:]
		}
	}
	return []edit{d.place(start, end, text)}, end, nil
}

// span is where a value stands. An absent value has an empty span after its colon, or after its key if braces leave out
// the colon.
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

// place writes a value over the span of another, with a blank or a colon before it if necessary.
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
