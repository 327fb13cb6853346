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
	atoms, end, err := g.atoms(at)
	if err != nil {
		return nil, err
	}
	g.at = end + 1
	g.prev = kindBracket
	special, slash := s.negated, false
	for _, a := range atoms {
		special = special || strings.ContainsRune(specials, rune(a.unit))
		slash = slash || a.unit == '/' && !a.escaped
	}
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

// atoms reads the characters of a class up to the bracket that ends it.
func (g *glob) atoms(start int) (atoms []atom, end int, err error) {
	for at := start; at < len(g.text); at++ {
		c := g.text[at]
		opened := slices.ContainsFunc(atoms, func(a atom) bool { return a.unit == '[' })
		switch {
		case c == ']' && at > start:
			return atoms, at, nil
		case c == '[' && at+1 < len(g.text) && g.text[at+1] == ':', c == ':' && opened:
			return nil, 0, errors.New("it has a named class of characters")
		case c == '\\':
			if at+1 == len(g.text) || isWordUnit(g.text[at+1]) || g.text[at+1] == '\\' {
				return nil, 0, errors.New("it has a backslash before a letter, a digit or another one")
			}
			if strings.ContainsRune("/.;", rune(g.text[at+1])) {
				continue
			}
			at++
			atoms = append(atoms, atom{unit: g.text[at], escaped: true})
		case c == 0:
			return nil, 0, errors.New("it has a NUL character")
		default:
			atoms = append(atoms, atom{unit: c, escaped: c == '[' || c == ']'})
		}
	}
	return nil, 0, errUnpaired
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
