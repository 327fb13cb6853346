// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
)

// compileGlob reads one pattern without comma braces as the CLI's library
// does, odd corners included: what it accepts means exactly the same there,
// and what it does not understand as well it refuses. The pattern begins with
// a slash and matches paths that do.
func compileGlob(pattern string) (program, error) {
	g := &glob{text: utf16.Encode([]rune(pattern))}
	alts, err := g.alternatives()
	if err != nil {
		return nil, err
	}
	if g.at < len(g.text) {
		return nil, errUnpaired
	}
	if len(alts) > 1 {
		return nil, errors.New("it has a | outside of parentheses")
	}
	if g.never {
		return compile([]node{{op: nodeNever}}), nil
	}
	return compile(alts[0]), nil
}

var errUnpaired = errors.New("its brackets do not pair up")

// glob is the state of reading a pattern. What a character means often
// depends on the kind of the one before.
type glob struct {
	text   []uint16
	at     int
	parens int
	prev   kind
	before kind // what stood before the last slash
	plain  bool // the unit before is text without any meaning
	never  bool // some class is impossible, so nothing matches
}

type kind uint8

const (
	kindText kind = iota
	kindSlash
	kindDot // a dot that begins a name
	kindStar
	kindBracket
	kindParen
	kindBrace
)

// peek is the unit n places ahead, 0 beyond the end.
func (g *glob) peek(n int) uint16 {
	if g.at+n < len(g.text) {
		return g.text[g.at+n]
	}
	return 0
}

// rest is the text from the current place on, for looking at ASCII.
func (g *glob) rest(from int) string {
	return string(utf16.Decode(g.text[min(from, len(g.text)):]))
}

func literal(text []uint16) []node {
	nodes := make([]node, len(text))
	for i, u := range text {
		nodes[i] = node{op: nodeUnit, unit: u}
	}
	return nodes
}

// alternatives reads to the end, or to the parenthesis that closes.
func (g *glob) alternatives() ([][]node, error) {
	alts := [][]node{nil}
	for g.at < len(g.text) {
		last := &alts[len(alts)-1]
		c := g.peek(0)
		if c == ')' {
			break
		}
		if c == '|' {
			g.at++
			g.prev, g.plain = kindText, false
			alts = append(alts, nil)
			continue
		}
		nodes, err := g.next(last)
		if err != nil {
			return nil, err
		}
		*last = append(*last, nodes...)
	}
	return alts, nil
}

// next reads one part of a pattern. A globstar takes back the slash before it.
func (g *glob) next(before *[]node) ([]node, error) {
	c := g.peek(0)
	plain := g.plain
	g.plain = false
	if strings.ContainsRune("?*+@!", rune(c)) && g.peek(1) == '(' {
		return g.extended(c)
	}
	one := func(k kind, n node) ([]node, error) {
		g.at++
		g.prev = k
		return []node{n}, nil
	}
	switch c {
	case 0:
		return nil, errors.New("it has a NUL character")
	case '/':
		if g.at > 0 {
			g.before = g.prev
		}
		return one(kindSlash, node{op: nodeUnit, unit: c})
	case '*':
		return g.stars(before)
	case '?':
		if g.prev == kindParen {
			return nil, errors.New("it has a ? next to a parenthesis")
		}
		return one(kindText, node{op: nodeSet, set: notSlash})
	case '+':
		if g.parens > 0 || g.prev == kindBracket || g.prev == kindParen || g.prev == kindBrace {
			return nil, errors.New("it has a + next to or within brackets")
		}
		return one(kindText, node{op: nodeUnit, unit: c})
	case '.':
		if g.parens > 0 || g.prev == kindSlash {
			return one(kindDot, node{op: nodeUnit, unit: c})
		}
		return one(kindText, node{op: nodeUnit, unit: c})
	case '(':
		return g.group(node{op: nodeGroup})
	case '[':
		return g.class()
	case '{':
		return g.brace()
	case '\\':
		return g.escape()
	case '"':
		if !plain {
			return nil, errors.New("it has a double quote")
		}
	}
	g.plain = !strings.ContainsRune("].,+@|", rune(c))
	return one(kindText, node{op: nodeUnit, unit: c})
}

// escape reads a backslash and what it makes literal.
func (g *glob) escape() ([]node, error) {
	if strings.HasPrefix(g.rest(g.at), `\\\\`) {
		return nil, errors.New("it has more than three backslashes in a row")
	}
	c := g.peek(1)
	switch {
	case g.at == len(g.text)-1:
		g.at++
		g.prev = kindText
		return literal([]uint16{'\\'}), nil
	case c == '/' || c == '.' || c == ';':
		g.at++
		return nil, nil
	case isWordUnit(c):
		return nil, errors.New("it has a backslash before a letter or digit")
	}
	g.at += 2
	g.prev = kindText
	return literal([]uint16{c}), nil
}

func isWordUnit(u uint16) bool {
	return u >= '0' && u <= '9' || u >= 'a' && u <= 'z' || u >= 'A' && u <= 'Z' || u == 0
}

// brace reads braces without a comma, which stand for themselves.
func (g *glob) brace() ([]node, error) {
	end := g.at + 1
	for ; end < len(g.text) && g.text[end] != '}'; end++ {
		if c := g.text[end]; c < 0x80 && (strings.ContainsRune(`*?[](){!+@.,|/\"$^`, rune(c))) {
			return nil, errors.New("it has braces without a comma around more than plain text")
		}
	}
	if end >= len(g.text) {
		return nil, errUnpaired
	}
	nodes := literal(g.text[g.at : end+1])
	g.at = end + 1
	g.prev = kindBrace
	return nodes, nil
}

// stars reads a run of stars. Two that are a whole name stand for any number
// of directories, all others for a part of a name.
func (g *glob) stars(before *[]node) ([]node, error) {
	n := 0
	for g.peek(n) == '*' {
		n++
	}
	if n > 2 {
		return nil, errors.New("it has more than two stars in a row")
	}
	if n == 2 && g.peek(n) == '@' && g.peek(n+1) == '(' {
		return nil, errors.New("it has ** next to or within parentheses")
	}
	if g.peek(n) == '(' {
		n-- // The last one belongs to the parenthesis.
	} else if n > 1 && (g.parens > 0 || g.prev == kindParen) {
		return nil, errors.New("it has ** next to or within parentheses")
	}
	next := g.peek(n)
	if n == 2 && g.prev == kindSlash && (next == '/' || next == 0) {
		return g.globstar(before), nil
	}
	var nodes []node
	if g.prev == kindDot {
		nodes = append(nodes, node{op: nodeNot, alts: [][]node{{
			{op: nodeGroup, optional: true, alts: [][]node{literal([]uint16{'.'})}},
			{op: nodeGroup, alts: [][]node{literal([]uint16{'/'}), {{op: nodeEnd}}}},
		}}})
	}
	if (g.prev == kindSlash || g.prev == kindDot) && n == 1 && next != '(' {
		nodes = append(nodes, node{op: nodePeek})
	}
	g.at += n
	g.prev = kindStar
	return append(nodes, node{op: nodeStar, set: notSlash}), nil
}

// globstar reads /**, whose slash was read before.
func (g *glob) globstar(before *[]node) []node {
	g.at += 2
	for strings.HasPrefix(g.rest(g.at), "/**") && (g.peek(3) == '/' || g.peek(3) == 0) {
		g.at += 3
	}
	slash := node{op: nodeUnit, unit: '/'}
	deep := node{op: nodeStar, set: notLineEnd}
	end := node{op: nodeEnd}
	g.prev = kindStar
	if g.peek(0) == 0 {
		if g.before == kindStar {
			return []node{deep}
		}
		*before = (*before)[:len(*before)-1]
		return []node{{op: nodeGroup, alts: [][]node{{slash, deep}, {end}}}}
	}
	g.at++
	g.prev, g.before = kindSlash, kindStar
	*before = (*before)[:len(*before)-1]
	alts := [][]node{{slash, deep, slash}, {slash}}
	if g.peek(0) != 0 {
		alts = append(alts, []node{end})
	}
	return []node{{op: nodeGroup, alts: alts}}
}

// group reads a parenthesis into a node that says how often it may come.
func (g *glob) group(n node) ([]node, error) {
	g.at++
	if g.peek(0) == '?' {
		return nil, errors.New("it has a ? next to a parenthesis")
	}
	g.parens++
	g.prev = kindParen
	alts, err := g.alternatives()
	if err != nil {
		return nil, err
	}
	if g.peek(0) != ')' {
		return nil, errUnpaired
	}
	g.at++
	g.parens--
	g.prev, g.plain = kindParen, false
	n.alts = alts
	return []node{n}, nil
}

// extended reads ?(...), *(...), +(...), @(...) and !(...).
func (g *glob) extended(mark uint16) ([]node, error) {
	if g.prev == kindParen && mark == '?' {
		return nil, errors.New("it has a ? next to a parenthesis")
	}
	g.at++
	start := g.at + 1
	n := node{op: nodeGroup, optional: mark == '?' || mark == '*', repeated: mark == '*' || mark == '+'}
	if mark == '!' {
		n.op = nodeNot
	}
	nodes, err := g.group(n)
	if err != nil {
		return nil, err
	}
	body := string(utf16.Decode(g.text[start : g.at-1]))
	switch {
	case n.repeated:
		return nodes, checkRepeated(body)
	case mark == '!':
		return g.negated(nodes[0], body)
	}
	return nodes, nil
}

// checkRepeated refuses repetitions that the library takes literally or
// rewrites, so that they cannot run for ever.
func checkRepeated(body string) error {
	branches := strings.Split(body, "|")
	repeated := map[byte]bool{}
	for _, branch := range branches {
		if strings.ContainsAny(branch, `([\`) {
			return errors.New("it repeats something that has brackets of its own")
		}
		if len(branches) > 1 && strings.Trim(branch, "*? ") == "" {
			return errors.New("it repeats something that may be anything")
		}
		if branch = strings.TrimSpace(branch); branch != "" && strings.Trim(branch, branch[:1]) == "" {
			if repeated[branch[0]] {
				return errors.New("it repeats a repeated character")
			}
			repeated[branch[0]] = true
		}
	}
	return nil
}

// negated turns the alternatives of !(...) into what the library makes of
// them. At the end of a pattern it is "none of these", before anything else
// "nothing that begins with one of these".
func (g *glob) negated(n node, body string) ([]node, error) {
	if strings.ContainsAny(body, `/(\`) {
		return nil, errors.New("it has a slash, a backslash or a parenthesis within !(...)")
	}
	rest := g.rest(g.at)
	var suffix []node
	switch {
	case strings.Trim(rest, ")") == "":
		suffix = []node{{op: nodeEnd}}
	case strings.Contains(body, "*") && strings.HasPrefix(rest, "."):
		if strings.ContainsFunc(rest[1:], func(r rune) bool { return r > 0x7F || !isWordUnit(uint16(r)) }) || rest == "." {
			return nil, errors.New("it has more than a plain suffix after !(...)")
		}
		suffix = literal(g.text[g.at:])
	}
	if suffix != nil {
		n.alts = [][]node{append([]node{{op: nodeGroup, alts: n.alts}}, suffix...)}
	}
	return []node{n, {op: nodeStar, set: notSlash}}, nil
}

// unsupported says why a line of a .dbosignore cannot be read.
func unsupported(line int, pattern string, reason error) error {
	return fmt.Errorf("%s:%d: the pattern %q cannot be read as the CLI reads it: %w; write it with * ** ? [...] and {a,b} only", ignoreFile, line, pattern, reason)
}
