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
)

// A .dbosignore is written for fast-glob, the CLI's library. Here its lines are matched by doublestar, which reads
// nearly all of them the same way. This file rewrites what doublestar would read differently and refuses the rest, so
// that a line that is accepted always means the same as in the CLI.
//
// TestRealLinesAgainstCLI compares the two over 945 lines of public ignore files: 4 are refused (0.4 %), none differs.

// Limits that keep a plan fast with any file.
const (
	maxLineBytes    = 4 << 10
	maxLevels       = 64       // of braces within braces
	maxPatterns     = 1000     // that one line stands for
	maxPatternBytes = 64 << 10 // of all that one line stands for
	maxFilePatterns = 20_000   // that the whole file stands for
)

var (
	errTooMany  = errors.New("it expands to too many patterns")
	errUnpaired = errors.New("its braces are not balanced")
	errClass    = errors.New("its brackets are not a plain class of characters such as [a-z]")
)

// ignorePattern is a pattern of doublestar. It begins with a slash, as the paths do that it matches. The CLI tries all
// patterns on files, but only some on directories.
type ignorePattern struct {
	text        string
	directories bool
	deep        bool // the CLI's pattern ends in /**
}

// translate returns the patterns that a line stands for.
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
	// In fast-glob, a /** after a name that ends in a star matches at least one name.
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

// oneRunePerUnit writes each half of a surrogate pair as one character, since "?" matches half an emoji in JavaScript.
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
