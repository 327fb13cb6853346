// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// maxExpansions bounds what one line of a .dbosignore may grow to.
const maxExpansions = 1000

var (
	numberRange = regexp.MustCompile(`^(0|-?[1-9][0-9]*)\.\.(0|-?[1-9][0-9]*)$`)
	letterRange = regexp.MustCompile(`^([a-z]\.\.[a-z]|[A-Z]\.\.[A-Z])$`)

	errTooMany = errors.New("its braces stand for too many patterns")
)

// expandBraces writes out {a,b} and {1..3}. Where there are any braces it also
// drops quotes, and escapes a "]" that closes nothing, like the library behind
// the CLI.
func expandBraces(pattern string) ([]string, error) {
	if i := strings.Index(pattern, "{"); i < 0 || !strings.Contains(pattern[i:], "}") {
		return []string{pattern}, nil
	}
	b := braces{rest: pattern}
	alternatives, err := b.list("")
	if err != nil {
		return nil, err
	}
	return alternatives[0], nil
}

// braces reads a pattern from the left; what has been read so far stands as
// all its expansions.
type braces struct {
	rest string
}

// list reads up to the closing character, which is "" at the top, ")" or "}",
// and gives the expansions of each part between commas. Only braces have
// parts.
func (b *braces) list(closing string) ([][]string, error) {
	parts := [][]string{{""}}
	add := func(texts ...string) error {
		last := len(parts) - 1
		var err error
		parts[last], err = product(parts[last], texts)
		return err
	}
	for b.rest != "" {
		var err error
		switch c := b.rest[0]; {
		case strings.HasPrefix(b.rest, closing) && closing != "":
			b.rest = b.rest[1:]
			return parts, nil
		case c == ',' && closing == "}":
			b.rest = b.rest[1:]
			parts = append(parts, []string{""})
		case c == '{':
			var texts []string
			if texts, err = b.brace(); err == nil {
				err = add(texts...)
			}
		case c == '(':
			b.rest = b.rest[1:]
			var inner [][]string
			if inner, err = b.list(")"); err == nil {
				if inner[0], err = product([]string{"("}, inner[0]); err == nil {
					if inner[0], err = product(inner[0], []string{")"}); err == nil {
						err = add(inner[0]...)
					}
				}
			}
		case c == ')' || c == '}' && closing != "":
			err = errors.New("its brackets do not pair up")
		default:
			var text string
			if text, err = b.text(); err == nil {
				if strings.HasSuffix(text, "$") && strings.HasPrefix(b.rest, "{") {
					err = errors.New("it has ${")
				} else {
					err = add(text)
				}
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if closing != "" {
		return nil, errors.New("its brackets do not pair up")
	}
	return parts, nil
}

// brace reads one pair of braces.
func (b *braces) brace() ([]string, error) {
	b.rest = b.rest[1:]
	if strings.HasPrefix(b.rest, "}") {
		b.rest = b.rest[1:]
		return []string{"{}"}, nil
	}
	before := b.rest
	parts, err := b.list("}")
	if err != nil {
		return nil, err
	}
	if len(parts) > 1 {
		var all []string
		for _, part := range parts {
			all = append(all, part...)
		}
		return all, nil
	}
	if inner := before[:len(before)-len(b.rest)-1]; strings.Contains(inner, "..") {
		return expandRange(inner)
	}
	// Braces around a single text stand for themselves.
	texts, err := product([]string{"{"}, parts[0])
	if err != nil {
		return nil, err
	}
	return product(texts, []string{"}"})
}

// text reads the next character, or as much as has to stay together.
func (b *braces) text() (string, error) {
	take := func(n int) string {
		text := b.rest[:n]
		b.rest = b.rest[n:]
		return text
	}
	switch c := b.rest[0]; c {
	case '\\':
		if len(b.rest) == 1 {
			return "", errors.New("it ends in a backslash")
		}
		return take(1 + runeLength(b.rest[1:])), nil
	case ']':
		return `\` + take(1), nil
	case '[':
		return take(bracketLength(b.rest)), nil
	case '"', '\'', '`':
		take(1)
		for i := 0; i < len(b.rest); i++ {
			switch b.rest[i] {
			case '\\':
				i++
			case c:
				text := take(i)
				take(1)
				return text, nil
			}
		}
		return take(len(b.rest)), nil
	}
	if text := take(runeLength(b.rest)); text != "\u00A0" && text != "\uFEFF" {
		return text, nil
	}
	return "", nil
}

func runeLength(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}

// bracketLength is the length of a [class], which may hold others, or all of
// the rest where it does not end.
func bracketLength(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

func expandRange(inner string) ([]string, error) {
	from, to, _ := strings.Cut(inner, "..")
	var a, z int
	render := strconv.Itoa
	switch {
	case numberRange.MatchString(inner):
		var err1, err2 error
		a, err1 = strconv.Atoi(from)
		z, err2 = strconv.Atoi(to)
		if err1 != nil || err2 != nil {
			return nil, errTooMany
		}
	case letterRange.MatchString(inner):
		a, z = int(from[0]), int(to[0])
		render = func(i int) string { return string(rune(i)) }
	default:
		return nil, errors.New("it has .. in braces that is neither {1..9} nor {a..z}")
	}
	step := 1
	if z < a {
		step = -1
	}
	if (z-a)*step >= maxExpansions {
		return nil, errTooMany
	}
	texts := []string{render(a)}
	for i := a; i != z; i += step {
		texts = append(texts, render(i+step))
	}
	return texts, nil
}

func product(heads, tails []string) ([]string, error) {
	if len(heads)*len(tails) > maxExpansions {
		return nil, errTooMany
	}
	if len(tails) == 1 {
		for i := range heads {
			heads[i] += tails[0]
		}
		return heads, nil
	}
	all := make([]string, 0, len(heads)*len(tails))
	for _, head := range heads {
		for _, tail := range tails {
			all = append(all, head+tail)
		}
	}
	return all, nil
}
