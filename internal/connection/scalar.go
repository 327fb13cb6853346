// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// plainText is deliberately narrower than YAML's own rule, which depends on the version and on where the value stands.
var plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// otherTypes are words that YAML 1.1 or 1.2 takes for something else than text.
var otherTypes = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|y|n|null)$`)

// render writes a field's value for YAML, in the style of the value that it replaces where that can hold it.
func (f field) render(style yaml.Style, flow bool) string {
	switch {
	case f.tag != stringTag:
		return f.value
	case f.value == PasswordPlaceholder:
		// The CLI's own form. What fills it in replaces text, before YAML is read.
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
	return plainText.MatchString(s) && !otherTypes.MatchString(s)
}

func needsEscape(r rune) bool {
	return r != ' ' && !unicode.IsPrint(r)
}

// doubleQuote escapes as JSON does, which YAML reads alike. A dollar before a brace is escaped as well: "${" in the
// text would be filled in from the environment before YAML is read.
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

// scalarEnd finds where a scalar or an alias ends that begins at an offset, its anchor and tag included. In a block,
// indent is that of its key.
func (d *document) scalarEnd(start int, n *yaml.Node, flow bool, indent int) int {
	at := d.skipProperties(start, flow)
	if n.Value == "" && n.Style&quotedOrBlock == 0 {
		return start + len(strings.TrimRightFunc(d.text[start:at], unicode.IsSpace))
	}
	switch c := d.at(at); {
	case c == '"' || c == '\'':
		return quotedEnd(d.text, at)
	case (c == '|' || c == '>') && !flow:
		return d.blockEnd(at, indent)
	}
	return d.plainEnd(at, flow, indent)
}

// skipProperties goes past an anchor and a tag to what they belong to.
func (d *document) skipProperties(at int, flow bool) int {
	for d.at(at) == '&' || d.at(at) == '!' {
		rest := strings.TrimLeftFunc(d.text[at:], func(r rune) bool {
			return !unicode.IsSpace(r) && (!flow || !strings.ContainsRune(",]}", r))
		})
		at = len(d.text) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	}
	return at
}

const quotedOrBlock = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// at is the byte at an offset, 0 at the end.
func (d *document) at(i int) byte {
	if i < 0 || i >= len(d.text) {
		return 0
	}
	return d.text[i]
}

func quotedEnd(text string, at int) int {
	quote := text[at]
	for at++; at < len(text); at++ {
		switch {
		case text[at] == '\\' && quote == '"':
			at++
		case text[at] == quote && quote == '\'' && strings.HasPrefix(text[at:], "''"):
			at++
		case text[at] == quote:
			return at + 1
		}
	}
	return len(text)
}

// blockEnd is the end of the last line of a literal or folded scalar: all that is indented deeper than its key.
func (d *document) blockEnd(at, indent int) int {
	i := d.lineOf(at)
	end := d.starts[i] + len(d.line(i))
	for i++; i < len(d.starts); i++ {
		line := d.line(i)
		text := strings.TrimLeft(line, " ")
		if text != "" && len(line)-len(text) <= indent {
			break
		}
		if text != "" {
			end = d.starts[i] + len(line)
		}
	}
	return end
}

// plainEnd follows an unquoted scalar over its lines.
func (d *document) plainEnd(at int, flow bool, indent int) int {
	for i := d.lineOf(at); ; {
		line := d.text[at : d.starts[i]+len(d.line(i))]
		stop := plainStop(line, flow)
		end := at + len(strings.TrimRight(line[:stop], " \t"))
		if stop < len(line) {
			return end
		}
		for i++; i < len(d.starts) && strings.Trim(d.line(i), " \t") == ""; i++ {
		}
		if i >= len(d.starts) {
			return end
		}
		next := strings.TrimLeft(d.line(i), " \t")
		if strings.HasPrefix(next, "#") || !flow && len(d.line(i))-len(next) <= indent {
			return end
		}
		at = d.starts[i] + len(d.line(i)) - len(next)
		if flow && plainStop(next, flow) == 0 {
			return end
		}
	}
}

// plainStop is where an unquoted scalar stops within a line.
func plainStop(line string, flow bool) int {
	for i := range len(line) {
		if flow && strings.IndexByte(",[]{}", line[i]) >= 0 {
			return i
		}
		if line[i] == '#' && i > 0 && (line[i-1] == ' ' || line[i-1] == '\t') {
			return i
		}
	}
	return len(line)
}
