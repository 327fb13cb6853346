// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// scalarEnd finds the end of a scalar or an alias that begins at an offset with its anchor and tag. In a block, indent
// is the indentation of the key.
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

// skipProperties skips an anchor and a tag.
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

// blockEnd is the end of a literal or folded scalar, whose lines are indented deeper than its key.
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

// plainEnd is the end of an unquoted scalar, which may have several lines.
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

// plainStop is the offset in a line at which an unquoted scalar stops.
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
