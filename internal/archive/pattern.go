// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A .dbosignore is written for fast-glob, the CLI's library. Here its lines are matched by doublestar, which reads
// nearly all of them the same way. This file rewrites what doublestar would read differently and refuses the rest, so
// that a line that is accepted always means the same as in the CLI.
//
// TestRealLinesAgainstCLI compares the two over 945 lines of public ignore files: 4 are refused (0.4 %), none differs.

// Limits that keep a plan quick whatever the file says.
const (
	maxLineBytes    = 4 << 10
	maxLevels       = 64       // of braces within braces
	maxPatterns     = 1000     // that one line stands for
	maxPatternBytes = 64 << 10 // of all that one line stands for
	maxFilePatterns = 20_000   // that the whole file stands for
)

var (
	errTooMany  = errors.New("it stands for too many patterns")
	errUnpaired = errors.New("its braces do not pair up")
	errClass    = errors.New("its brackets are not a plain class of characters such as [a-z]")
)

// ignorePattern is one pattern of doublestar. It begins with a slash and matches paths that do. Only some patterns keep
// the CLI out of directories; it tries files against all.
type ignorePattern struct {
	text        string
	directories bool
	deep        bool // the CLI's pattern ends in /**
}

// translate gives the patterns that a line stands for.
func translate(line string) ([]ignorePattern, error) {
	if len(line) > maxLineBytes {
		return nil, fmt.Errorf("it is longer than %d bytes", maxLineBytes)
	}
	if up := path.Clean("./" + line); up == ".." || strings.HasPrefix(up, "../") {
		return nil, errors.New("it leads out of the source directory")
	}
	if strings.Contains(line, "{") && strings.ContainsAny(line, "'`\u00A0\uFEFF") {
		return nil, errors.New("it has braces together with a quote or an invisible character")
	}
	t := translator{rest: path.Clean("/" + line)}
	if strings.HasSuffix(line, "/") {
		t.rest += "/**"
	}
	texts, err := t.sequence()
	if err != nil {
		return nil, err
	}
	slices.Sort(texts)
	var patterns []ignorePattern
	for _, text := range slices.Compact(texts) {
		p, err := newIgnorePattern(text)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

func newIgnorePattern(text string) (ignorePattern, error) {
	text = repeatedSlashes.ReplaceAllString(text, "/")
	text = repeatedGlobstars.ReplaceAllString(text, "$1$2")
	if strings.Contains(text, "***") {
		return ignorePattern{}, errors.New("it has more than two stars in a row")
	}
	base := path.Base(text)
	plain := !strings.ContainsAny(base, `*?[\`) && !strings.HasPrefix(base, "!")
	deep := strings.HasSuffix(text, "/**")
	// After a name that ends in a star, fast-glob's /** does not stand for nothing.
	if strings.HasSuffix(text, "*/**") && !strings.HasSuffix(text, `\*/**`) {
		text += "/*"
	}
	text = strings.ReplaceAll(text, slashInClass, "/")
	return ignorePattern{text: oneRunePerUnit(text), directories: plain || deep, deep: deep}, nil
}

// slashInClass stands for a slash within brackets while a pattern is split at its other slashes.
const slashInClass = "\x00"

var (
	repeatedSlashes   = regexp.MustCompile(`/{2,}`)
	repeatedGlobstars = regexp.MustCompile(`(/\*\*)(?:/\*\*)+(/|$)`)
)

// translator reads a line from the left.
type translator struct {
	rest   string
	levels int // of braces that are open
}

// sequence reads up to the end of the line, or of one alternative in braces. It gives every pattern that the text may
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
	// The rest of a run of plain characters costs less when it is taken at once.
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

// class reads [...]. To the CLI, a class of nothing but ordinary characters also stands for its own text, so that
// "[id].js" ignores the file of that name. A negated class never matches a slash there.
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
		// A dash at either end is literal; it must not make a range with the slash.
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

// goodRanges says whether both libraries read the ranges of a class in the same way.
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

// product joins every head with every tail.
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

// oneRunePerUnit writes each half of a surrogate pair as one character, as "?" takes half an emoji in JavaScript.
func oneRunePerUnit(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r > 0xFFFF }) {
		return s
	}
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		r := rune(u)
		if utf16.IsSurrogate(r) {
			r += 0xF0000
		}
		b.WriteRune(r)
	}
	return b.String()
}
