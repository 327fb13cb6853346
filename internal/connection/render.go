// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// quotesKeys tells whether a mapping quotes its keys, as JSON does.
func (d *document) quotesKeys(mapping *yaml.Node) bool {
	return len(mapping.Content) > 0 && mapping.Content[0].Style&yaml.DoubleQuotedStyle != 0
}

// lead is the white space before a key. It is false if anything else stands there.
func (d *document) lead(key *yaml.Node) (string, bool) {
	before := d.text[d.starts[key.Line-1]:d.offset(key)]
	return before, strings.Trim(before, " ") == ""
}

// indentation is one step of the file's own indentation, or two blanks.
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

// prependFlow inserts entries before those of a mapping in braces.
func (d *document) prependFlow(mapping *yaml.Node, text string) edit {
	if len(mapping.Content) > 0 {
		at := d.offset(mapping.Content[0])
		return edit{at, at, text + ", "}
	}
	at := d.offset(mapping)
	at += strings.IndexByte(d.text[at:], '{') + 1
	return edit{at, at, text}
}

// plainText matches less than YAML allows, since the rule of YAML depends on its version and on the place of the value.
var plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// otherTypes are words that YAML 1.1 or 1.2 reads as another type than text, in any case.
var otherTypes = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}

// render writes a field's value as YAML, if possible in the style of the value that it replaces.
func (f field) render(style yaml.Style, flow bool) string {
	switch {
	case f.tag != stringTag:
		return f.value
	case f.value == passwordPlaceholder:
		// The CLI replaces the placeholder in the text, before it parses the YAML.
		if style&yaml.SingleQuotedStyle != 0 {
			return "'" + f.value + "'"
		}
		if flow || style&yaml.DoubleQuotedStyle != 0 {
			return `"` + f.value + `"`
		}
		return f.value
	case style&yaml.SingleQuotedStyle != 0 && !strings.ContainsFunc(f.value, needsEscape) && !strings.Contains(f.value, "${"):
		return "'" + strings.ReplaceAll(f.value, "'", "''") + "'"
	case style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 && isPlain(f.value):
		return f.value
	}
	return doubleQuote(f.value)
}

func isPlain(s string) bool {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Is4()
	}
	return plainText.MatchString(s) && !slices.Contains(otherTypes, strings.ToLower(s))
}

func needsEscape(r rune) bool {
	return r != ' ' && !unicode.IsPrint(r)
}

// doubleQuote escapes as JSON does, which YAML reads alike. It also escapes the dollar of "${", since the CLI would
// replace that before it parses the YAML.
func doubleQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '$' && strings.HasPrefix(s[i:], "${"), needsEscape(r) && r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04X`, r)
		case needsEscape(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
