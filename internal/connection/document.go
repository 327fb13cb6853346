// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// document is a YAML text with its parsed tree, and the offsets that connect the two.
type document struct {
	bom, text string
	starts    []int // byte offset of each line
	eol       string
	root      *yaml.Node // nil when the text holds no value at all
	aliased   map[string]bool
}

// parse reads a text with at most one document, which is a mapping or empty, without duplicate keys.
func parse(text string) (*document, error) {
	d := &document{eol: "\n", aliased: map[string]bool{}}
	d.text = strings.TrimPrefix(text, "\uFEFF")
	d.bom = text[:len(text)-len(d.text)]
	d.splitLines()

	decoder := yaml.NewDecoder(strings.NewReader(d.text))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err == nil {
		d.root = first.Content[0]
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(err)
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, atLine(second.Line, "a second YAML document begins here; a dbos-config.yaml has only one")
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(err)
	}

	if d.root == nil {
		return d, nil
	}
	if d.root.Kind == yaml.ScalarNode && d.root.ShortTag() == nullTag && d.root.Value == "" {
		d.root = nil
		return d, nil
	}
	if d.root.Kind != yaml.MappingNode {
		return nil, atLine(d.root.Line, "the configuration is %s, not a mapping of names to values", kindOf(d.root))
	}
	return d, d.check(d.root)
}

// check refuses duplicate keys, which YAML forbids and programs resolve in different ways. It also notes which anchors
// are in use.
func (d *document) check(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode {
		d.aliased[n.Value] = true
	}
	seen := map[string]int{}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode {
			id := child.ShortTag() + " " + child.Value
			if line, twice := seen[id]; twice {
				return atLine(child.Line, "the key %q is given twice, first in line %d", child.Value, line)
			}
			seen[id] = child.Line
		}
		if err := d.check(child); err != nil {
			return err
		}
	}
	return nil
}

// syntaxError writes an error of the parser as this package writes its own.
func syntaxError(err error) error {
	var load *yaml.LoadError
	if errors.As(err, &load) && load.Mark.Line > 0 {
		return atLine(load.Mark.Line, "not valid YAML: %s", load.Message)
	}
	return fmt.Errorf("not valid YAML: %w", err)
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	case yaml.MappingNode:
		return "a mapping"
	default:
		return "a single value"
	}
}

// splitLines finds where lines begin. It counts the same line breaks as the parser.
func (d *document) splitLines() {
	d.starts = []int{0}
	for i := 0; i < len(d.text); {
		n := breakLength(d.text[i:])
		if n == 0 {
			i++
			continue
		}
		if b := d.text[i : i+n]; len(d.starts) == 1 && (b == "\r\n" || b == "\r") {
			d.eol = b
		}
		i += n
		d.starts = append(d.starts, i)
	}
}

// breakLength is the length of the line break at the beginning of s, or 0.
func breakLength(s string) int {
	for _, b := range []string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if strings.HasPrefix(s, b) {
			return len(b)
		}
	}
	return 0
}

// offset is the byte offset of a node. The parser counts characters.
func (d *document) offset(n *yaml.Node) int {
	at := d.starts[min(n.Line, len(d.starts))-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRuneInString(d.text[at:])
		at += size
	}
	return at
}

// lineOf is the index of the line at an offset.
func (d *document) lineOf(at int) int {
	i, found := slices.BinarySearch(d.starts, at)
	if !found {
		i--
	}
	return i
}

// line is the text of a line without its break.
func (d *document) line(i int) string {
	start, end := d.starts[i], len(d.text)
	if i+1 < len(d.starts) {
		end = d.starts[i+1]
	}
	return strings.TrimRight(d.text[start:end], "\r\n\u0085\u2028\u2029")
}

// edit replaces text[from:to].
type edit struct {
	from, to int
	text     string
}

func (d *document) apply(edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var b strings.Builder
	b.WriteString(d.bom)
	at := 0
	for _, e := range edits {
		b.WriteString(d.text[at:e.from])
		b.WriteString(e.text)
		at = e.to
	}
	b.WriteString(d.text[at:])
	return b.String()
}

// insertLines inserts whole lines after line i. If that is the last line and has no line break, the new text has none
// at its end either.
func (d *document) insertLines(i int, lines []string) edit {
	text := strings.Join(lines, d.eol)
	if i+1 < len(d.starts) {
		return edit{d.starts[i+1], d.starts[i+1], text + d.eol}
	}
	return edit{len(d.text), len(d.text), d.eol + text}
}
