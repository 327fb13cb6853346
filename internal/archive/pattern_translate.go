// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// translator reads a line from the left.
type translator struct {
	rest   string
	levels int // of braces that are open
}

// sequence reads to the end of the line, or of one alternative in braces. It returns every pattern that the text may
// stand for.
func (t *translator) sequence() ([]string, error) {
	all := []string{""}
	for t.rest != "" && (t.levels == 0 || t.rest[0] != ',' && t.rest[0] != '}') {
		choices, err := t.next()
		if err != nil {
			return nil, err
		}
		if all, err = product(all, choices); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (t *translator) next() ([]string, error) {
	switch t.rest[0] {
	case '{':
		return t.braces()
	case '[':
		return t.class()
	case '\\':
		return t.escape()
	case '}':
		return nil, errUnpaired
	case '(', ')', '|':
		return nil, errors.New("it has a parenthesis or a |")
	case '"':
		return nil, errors.New("it has a double quote")
	case 0:
		return nil, errors.New("it has a NUL character")
	}
	if strings.HasPrefix(t.rest, "${") {
		return nil, errors.New("it has ${")
	}
	// A run of plain characters is taken at once, which is faster.
	run := strings.IndexAny(t.rest[1:], "{}[\\()|\",$\x00")
	if run < 0 {
		run = len(t.rest) - 1
	}
	return []string{t.take(1 + run)}, nil
}

func (t *translator) take(n int) string {
	text := t.rest[:n]
	t.rest = t.rest[n:]
	return text
}

// braces reads {a,b}.
func (t *translator) braces() ([]string, error) {
	t.take(1)
	if t.levels++; t.levels > maxLevels {
		return nil, fmt.Errorf("its braces are nested more than %d levels deep", maxLevels)
	}
	defer func() { t.levels-- }()
	var all []string
	for parts := 1; ; parts++ {
		part, err := t.sequence()
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if tooMany(all) {
			return nil, errTooMany
		}
		switch {
		case t.rest == "":
			return nil, errUnpaired
		case t.take(1) == ",":
			continue
		case parts == 1:
			return nil, errors.New("it has braces without a comma")
		}
		return all, nil
	}
}

// class reads [...]. In the CLI, a class of ordinary characters also stands for its own text, so that "[id].js" matches
// the file of that name. A negated class never matches a slash there.
func (t *translator) class() ([]string, error) {
	end := strings.IndexByte(t.rest, ']')
	if end < 0 {
		return nil, errClass
	}
	text := t.take(end + 1)
	inner := text[1:end]
	negated := strings.HasPrefix(inner, "!") || strings.HasPrefix(inner, "^")
	if negated {
		inner = inner[1:]
	}
	if inner == "" || strings.ContainsAny(inner, `[\/"`) || strings.Contains(inner, "--") || !goodRanges([]rune(inner)) {
		return nil, errClass
	}
	if strings.HasPrefix(t.rest, "+") {
		return nil, errors.New("it has a + after brackets")
	}
	switch {
	case negated:
		// A dash at either end is literal. It must not form a range with the slash.
		dash := ""
		if inner[0] == '-' || strings.HasSuffix(inner, "-") {
			dash = "-"
		}
		return []string{"[^" + slashInClass + strings.Trim(inner, "-") + dash + "]"}, nil
	case strings.ContainsAny(inner, "-*+?.^${}(|)"):
		return []string{text}, nil
	}
	return []string{text, `\[` + inner + `\]`}, nil
}

// goodRanges tells whether both libraries read the ranges of a class alike.
func goodRanges(class []rune) bool {
	for i, r := range class {
		if r > 0xFFFF || r == utf8.RuneError {
			return false
		}
		if r != '-' || i == 0 || i == len(class)-1 {
			continue
		}
		if from, to := class[i-1], class[i+1]; from > to || to >= utf8.RuneSelf || i >= 2 && class[i-2] == '-' {
			return false
		}
	}
	return true
}

// escape reads a backslash and the character that it makes literal.
func (t *translator) escape() ([]string, error) {
	r, width := utf8.DecodeRuneInString(t.rest[1:])
	switch {
	case width == 0:
		return nil, errors.New("it ends in a backslash")
	case r == '/', r == '\\', r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == 0:
		return nil, errors.New("it has a backslash before a letter, a digit, a slash or another one")
	}
	return []string{t.take(1 + width)}, nil
}

// product joins each head with each tail.
func product(heads, tails []string) ([]string, error) {
	if len(heads)*len(tails) > maxPatterns {
		return nil, errTooMany
	}
	all := make([]string, 0, len(heads)*len(tails))
	for _, head := range heads {
		for _, tail := range tails {
			all = append(all, head+tail)
		}
	}
	if tooMany(all) {
		return nil, errTooMany
	}
	return all, nil
}

func tooMany(patterns []string) bool {
	size := 0
	for _, p := range patterns {
		size += len(p)
	}
	return len(patterns) > maxPatterns || size > maxPatternBytes
}
