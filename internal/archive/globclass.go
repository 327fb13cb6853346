// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"errors"
	"slices"
	"strings"
)

// class reads [...]. One without any special character stands for its text
// as well, so that "[id].js" ignores the file of that name.
func (g *glob) class() ([]node, error) {
	start := g.at
	if !slices.Contains(g.text[start+1:], ']') {
		g.at++
		g.prev = kindBracket
		return literal([]uint16{'['}), nil
	}
	s := &set{}
	at := start + 1
	if c := g.text[at]; c == '!' || c == '^' {
		s.negated = true
		at++
	}
	var atoms []atom
	special, slash := s.negated, false
	for first := true; ; first = false {
		if at >= len(g.text) {
			return nil, errUnpaired
		}
		c := g.text[at]
		if c == ']' && !first {
			break
		}
		at++
		switch {
		case c == '[' && at < len(g.text) && g.text[at] == ':':
			return nil, errors.New("it has a named class of characters")
		case c == '\\':
			if at >= len(g.text) || isWordUnit(g.text[at]) || g.text[at] == '\\' {
				return nil, errors.New("it has a backslash before a letter, a digit or another one")
			}
			if c = g.text[at]; c == '/' || c == '.' || c == ';' {
				continue
			}
			at++
			special = special || strings.ContainsRune(specials, rune(c))
			atoms = append(atoms, atom{unit: c, escaped: true})
			continue
		case c == 0:
			return nil, errors.New("it has a NUL character")
		case c == ':' && slices.ContainsFunc(atoms, func(a atom) bool { return a.unit == '[' }):
			return nil, errors.New("it has a named class of characters")
		}
		special = special || strings.ContainsRune(specials, rune(c))
		slash = slash || c == '/'
		atoms = append(atoms, atom{unit: c, escaped: c == '[' || c == ']'})
	}
	g.at = at + 1
	g.prev = kindBracket
	if s.negated && !slash {
		s.ranges = append(s.ranges, '/', '/')
	}
	if !s.add(atoms) {
		g.never = true
	}
	one := node{op: nodeSet, set: s}
	if special {
		return []node{one}, nil
	}
	text := []uint16{'['}
	for _, a := range atoms {
		text = append(text, a.unit)
	}
	return []node{{op: nodeGroup, alts: [][]node{literal(append(text, ']')), {one}}}}, nil
}

// specials are the characters that make a class a class and no text.
const specials = `-*+?.^${}(|)[]`

// atom is one character of a class.
type atom struct {
	unit    uint16
	escaped bool
}

// add puts characters and a-z into a set. A range that runs backwards makes
// the whole pattern match nothing.
func (s *set) add(atoms []atom) bool {
	for i := 0; i < len(atoms); i++ {
		a := atoms[i]
		last := a.unit
		if i+2 < len(atoms) && atoms[i+1].unit == '-' && !atoms[i+1].escaped {
			last = atoms[i+2].unit
			i += 2
		}
		if last < a.unit {
			return false
		}
		s.ranges = append(s.ranges, a.unit, last)
	}
	return true
}
