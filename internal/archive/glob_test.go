// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"slices"
	"strings"
	"testing"
)

// TestIgnorePatterns records what the CLI does with patterns worth knowing.
// TestIgnorePatternsAgainstCLI asks it about many more.
func TestIgnorePatterns(t *testing.T) {
	t.Parallel()
	for pattern, tc := range map[string]struct{ out, in string }{
		"a":              {out: "a", in: "b d/a aa"},
		"/a":             {out: "a", in: "d/a"},
		"./a":            {out: "a", in: "d/a"},
		"d":              {out: "d/a d/e/a", in: "d2/a"},
		"d/":             {out: "d/a d/e/a", in: "d2/a"},
		"d/e":            {out: "d/e/a", in: "d/a"},
		"d*":             {out: "d", in: "da/b d/a"},
		"d*/":            {out: "da/b d/a d/e/a", in: "d a"},
		"*/":             {out: "da/b d/e/a", in: "a"},
		"d/*":            {out: "d/a", in: "d/e/a"},
		"d/**":           {out: "d d/a d/e/a", in: "da/b"},
		"*.js":           {out: "a.js .js", in: "d/a.js"},
		"**/*.js":        {out: "a.js d/a.js d/e/.js", in: "a.jsx"},
		"**/e":           {out: "d/e/a e d/d/e", in: "d/ea"},
		"**/e/":          {out: "d/e/a e/a", in: "d/ea/a"},
		"d/**/a":         {out: "d/a d/e/a d/e/e/a", in: "a"},
		"*":              {out: "a .a", in: "d/a"},
		".*":             {out: ".a", in: "a .d/a"},
		"**":             {out: "a d/a", in: ""},
		"a?":             {out: "ab", in: "a abc a/b"},
		"[ab].x":         {out: "a.x b.x [ab].x", in: "c.x"},
		"[a-c].x":        {out: "a.x c.x", in: "d.x [a-c].x"},
		"[!a].x":         {out: "b.x", in: "a.x"},
		"[b-a]":          {out: "", in: "a b -"},
		"{a,b}.x":        {out: "a.x b.x", in: "c.x"},
		"{a,{b,c}}{1,2}": {out: "a1 b2 c1", in: "a b3"},
		"f{1..3}":        {out: "f1 f2 f3", in: "f4 f{1..3}"},
		"f{c..a}":        {out: "fa fb fc", in: "fd"},
		"{a}":            {out: "{a}", in: "a"},
		"{d/,e}/**":      {out: "d/a e/a", in: "f/a"},
		"{a,}/**":        {out: "a/b d/a", in: ""},
		"!a":             {out: "!a", in: "a"},
		"!(a)":           {out: "b aa", in: "a d/b"},
		"!(a|b).js":      {out: "c.js", in: "a.js ab.js b.js"},
		"!(*.d).ts":      {out: "a.ts", in: "a.d.ts"},
		"@(a|b)":         {out: "a b", in: "c ab"},
		"+(ab)c":         {out: "abc ababc", in: "c"},
		"?(a)b":          {out: "b ab", in: "aab"},
		"*(a)b":          {out: "b ab aab", in: "ac"},
		"(a|b)":          {out: "a b", in: "(a|b)"},
		`\*`:             {out: "*", in: "a"},
		`a\{b,c\}`:       {out: "a{b,c}", in: "ab"},
		"it's":           {out: "it's", in: "its"},
		"  a b \t":       {out: "a␠b", in: "a"},
		"# a":            {out: "", in: "a #␠a"},
		`\# a`:           {out: "#␠a", in: "a"},
		"d/../a":         {out: "a", in: "d/a"},
		"../a":           {out: "", in: "a"},
		"../*/a":         {out: "a", in: "d/a"},
		"..":             {out: "", in: "a"},
		"../**":          {out: "a d/a", in: ""},
		"😀":              {out: "😀", in: "a"},
		"??.x":           {out: "😀.x ab.x", in: "a.x"},
	} {
		list, err := parseIgnore(pattern)
		if err != nil {
			t.Error(err)
			continue
		}
		for want, paths := range map[bool]string{true: tc.out, false: tc.in} {
			for path := range strings.FieldsSeq(paths) {
				path = strings.ReplaceAll(path, "␠", " ")
				if got := list.leavesOut(path); got != want {
					t.Errorf("%q leaves out %q: %t, want %t", pattern, path, got, want)
				}
			}
		}
	}
}

// leavesOut says whether a file is left out by itself or with a directory.
func (l *ignoreList) leavesOut(path string) bool {
	parts := strings.Split(path, "/")
	for i := 1; i < len(parts); i++ {
		if l.directory(strings.Join(parts[:i], "/")) {
			return true
		}
	}
	return l.file(path)
}

func TestPatternsThatAreRefused(t *testing.T) {
	t.Parallel()
	for pattern, reason := range map[string]string{
		"a(b":          "its brackets do not pair up",
		"a)b":          "its brackets do not pair up",
		"{a,(b}":       "its brackets do not pair up",
		"a{b":          "its brackets do not pair up",
		"a|b":          "it has a | outside of parentheses",
		`\d`:           "it has a backslash before a letter or digit",
		`a\\\\b`:       "it has more than three backslashes in a row",
		"***":          "it has more than two stars in a row",
		"(**)":         "it has ** next to or within parentheses",
		"(a)?":         "it has a ? next to a parenthesis",
		"[a]+":         "it has a + next to or within brackets",
		"[[:digit:]]":  "it has a named class of characters",
		"${a,b}":       "it has ${",
		"{1..3..2}":    "it has .. in braces that is neither",
		"{1..9999}":    "its braces stand for too many patterns",
		"{a*b}":        "it has braces without a comma around more than plain text",
		"+(a|aa)":      "it repeats a repeated character",
		"+(a|*)":       "it repeats something that may be anything",
		"*(+(a))":      "it repeats something that has brackets of its own",
		"!(a/b)":       "it has a slash, a backslash or a parenthesis within !(...)",
		"!(*a).{t,s*}": "it has more than a plain suffix after !(...)",
		`/"a"`:         "it has a double quote",
		`{a,b}\`:       "it ends in a backslash",
		"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}": "its braces stand for too many patterns",
	} {
		_, err := parseIgnore("ok\r\n" + pattern + "\r\n")
		if err == nil || !strings.HasPrefix(err.Error(), ignoreFile+":2: the pattern ") || !strings.Contains(err.Error(), "cannot be read as the CLI reads it: "+reason) {
			t.Errorf("%q: %v, want %q", pattern, err, reason)
		}
	}
}

func TestMatchingTakesNoLongTime(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{strings.Repeat("*a", 60) + "b", strings.Repeat("**/a/", 30) + "b", strings.Repeat("+(a)", 40) + "b", strings.Repeat("!(b)", 12) + "c"} {
		list, err := parseIgnore(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{strings.Repeat("a", 250), strings.Repeat("a/", 250) + "a"} {
			if list.file(path) {
				t.Errorf("%q leaves out %q", pattern, path)
			}
		}
	}
}

func TestExpandBraces(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string][]string{
		"a":            {"a"},
		"{}":           {"{}"},
		"{,a}":         {"", "a"},
		"a{b,c}d":      {"abd", "acd"},
		"{a,b}{c,d}":   {"ac", "ad", "bc", "bd"},
		"{a,{b,c}d}":   {"a", "bd", "cd"},
		"{-1..1}":      {"-1", "0", "1"},
		"{a,1..3}":     {"a", "1..3"},
		"{(a,b),c}":    {"(a,b)", "c"},
		"{[,],c}":      {"[,]", "c"},
		`{a\,b,c}`:     {`a\,b`, "c"},
		`{"a,b",c}`:    {"a,b", "c"},
		`{a,b}]`:       {`a\]`, `b\]`},
		"{a,b}\u00A0c": {"ac", "bc"},
	} {
		if got, err := expandBraces(pattern); err != nil || !slices.Equal(got, want) {
			t.Errorf("expandBraces(%q) = %q, %v; want %q", pattern, got, err, want)
		}
	}
}
