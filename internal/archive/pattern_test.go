// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"slices"
	"strings"
	"testing"
)

// TestIgnorePatterns records how the CLI reads notable patterns. TestIgnorePatternsAgainstCLI compares many more.
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
		"{a,b}.x":        {out: "a.x b.x", in: "c.x"},
		"{a,{b,c}}{1,2}": {out: "a1 b2 c1", in: "a b3"},
		"{d/,e}/**":      {out: "d/a e/a", in: "f/a"},
		"{a,}/**":        {out: "a/b d/a", in: ""},
		"!a":             {out: "!a", in: "a"},
		"{a,1..3}":       {out: "a 1..3", in: "2"},
		"{[,],c}x":       {out: ",x cx [,]x", in: "x"},
		"[^-a].x":        {out: "b.x", in: "a.x -.x"},
		"a[^b]c":         {out: "adc", in: "abc a/c"},
		"**.x":           {out: "a.x .x", in: "d/a.x"},
		"d/**/**":        {out: "d d/a d/e/a", in: "a"},
		"[id].x":         {out: "i.x d.x [id].x", in: "id.x"},
		`\*`:             {out: "*", in: "a"},
		`a\{b,c\}`:       {out: "a{b,c}", in: "ab"},
		"it's":           {out: "it's", in: "its"},
		"  a b \t":       {out: "a␠b", in: "a"},
		"# a":            {out: "", in: "a #␠a"},
		`\# a`:           {out: "#␠a", in: "a"},
		"d/../a":         {out: "a", in: "d/a"},
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

// leavesOut tells whether a file is left out, by itself or with a directory.
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
		"(a)":                       "it has a parenthesis or a |",
		"!(a)":                      "it has a parenthesis or a |",
		"+(a|b)":                    "it has a parenthesis or a |",
		"a|b":                       "it has a parenthesis or a |",
		"a)b":                       "it has a parenthesis or a |",
		"a{b":                       "its braces are not balanced",
		"a}b":                       "its braces are not balanced",
		"{a,{b}":                    "it has braces without a comma",
		"{a,{b,c}":                  "its braces are not balanced",
		"{a}":                       "it has braces without a comma",
		"{}":                        "it has braces without a comma",
		"{1..3}":                    "it has braces without a comma",
		"{'a,b'}":                   "it has braces together with a quote",
		"${a,b}":                    "it has ${",
		`\d`:                        "it has a backslash before a letter",
		`a\\b`:                      "it has a backslash before a letter, a digit, a slash or another one",
		`a\/b`:                      "it has a backslash before a letter, a digit, a slash or another one",
		`a\`:                        "it ends in a backslash",
		"***":                       "it has more than two stars in a row",
		"{*,a}**":                   "it has more than two stars in a row",
		"[a]+":                      "it has a + after brackets",
		"[a":                        "its brackets are not a plain class",
		"[]":                        "its brackets are not a plain class",
		"[]a]":                      "its brackets are not a plain class",
		"[[:digit:]]":               "its brackets are not a plain class",
		"[a/b]":                     "its brackets are not a plain class",
		`[\d]`:                      "its brackets are not a plain class",
		"[z-a]":                     "its brackets are not a plain class",
		"[a-é]":                     "its brackets are not a plain class",
		"[😀]":                       "its brackets are not a plain class",
		`a"b"`:                      "it has a double quote",
		"a\x00":                     "it has a NUL character",
		"..":                        "it leads out of the source directory",
		"../a":                      "it leads out of the source directory",
		"a/../../b":                 "it leads out of the source directory",
		strings.Repeat("{a,b}", 10): "it expands to too many patterns",
		strings.Repeat("[ab]", 10):  "it expands to too many patterns",
	} {
		_, err := parseIgnore("ok\r\n" + pattern + "\r\n")
		if err == nil || !strings.HasPrefix(err.Error(), ignoreFile+":2: the pattern ") || !strings.Contains(err.Error(), "cannot be read as the CLI reads it: "+reason) {
			t.Errorf("%q: %v, want %q", pattern, err, reason)
		}
	}
}

// TestPatternsTakeNoLongTime matches lines that are designed to be slow against the longest possible paths.
func TestPatternsTakeNoLongTime(t *testing.T) {
	t.Parallel()
	paths := []string{strings.Repeat("a/", 2040) + "a", strings.Repeat(strings.Repeat("a", 255)+"/", 15) + "a"}
	for name, line := range map[string]string{
		"stars":              strings.Repeat("*a", 2000) + "b",
		"directories":        "**/" + strings.Repeat("a/", 2000) + "b",
		"any directories":    strings.Repeat("**/*a*/", 500) + "b",
		"stars in each part": "**/" + strings.Repeat("*[a-c]*/", 400) + "b",
		"braces and stars":   strings.Repeat("{a,a*}", 6) + "/**/" + strings.Repeat("*a*/", 200) + "b",
		"50,000 braces":      strings.Repeat("{", 50_000),
		"pairs of braces":    strings.Repeat("{a,", 25_000) + strings.Repeat("}", 25_000),
		"100,000 brackets":   strings.Repeat("(", 100_000),
		"negations":          "**/" + strings.Repeat("!(*b*)*", 60),
		"deep braces":        strings.Repeat("{a,", 65) + strings.Repeat("}", 65),
		"many long patterns": strings.Repeat("[ab]", 9) + strings.Repeat("[^a]", 900),
		"many patterns":      strings.Repeat("{a,b}", 800),
	} {
		// The slowest takes some milliseconds; before there were limits, seconds or for ever.
		quick := inASecond(func() {
			list, err := parseIgnore(line)
			if err != nil && !strings.HasPrefix(err.Error(), ignoreFile+":1: ") {
				t.Errorf("%s: %v", name, err)
			}
			if len(line) > 4<<10 && (err == nil || !strings.Contains(err.Error(), "longer than 4096 bytes")) {
				t.Errorf("%s: %v, want an error about the length", name, err)
			}
			for _, path := range paths {
				if err == nil && list.file(path) {
					t.Errorf("%s: it leaves out a path", name)
				}
			}
		})
		if !quick {
			t.Errorf("%s: takes more than a second", name)
		}
	}
}

func TestLimitsOfLines(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		strings.Repeat("a", 4097):                                "it is longer than 4096 bytes",
		strings.Repeat("{a,", 65) + strings.Repeat("}", 65):      "its braces are nested more than 64 levels deep",
		strings.Repeat("{a,b}", 9) + strings.Repeat("[^a]", 900): "it expands to too many patterns",
		strings.Repeat(strings.Repeat("{a,b}", 9)+"\n", 40):      ".dbosignore:41: the lines up to here expand to more than 20000 patterns",
	} {
		if _, err := parseIgnore("ok\n" + line); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 400 {
			t.Errorf("%.20q…: %v, want %q", line, err, want)
		}
	}
	for _, line := range []string{strings.Repeat("a", 4096), strings.Repeat("{a,", 64) + strings.Repeat("}", 64), strings.Repeat("{a,b}", 9)} {
		if _, err := parseIgnore(line); err != nil {
			t.Error(err)
		}
	}
}

func TestPatternsThatLinesStandFor(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"a":          {"/a"},
		"a/":         {"/a/**"},
		"/":          {"/**"},
		".":          {"/"},
		"{,a}":       {"/", "/a"},
		"a{b,c}d":    {"/abd", "/acd"},
		"{a,b}{c,d}": {"/ac", "/ad", "/bc", "/bd"},
		"{a,{b,c}d}": {"/a", "/bd", "/cd"},
		"{a,a}":      {"/a"},
		`{a\,b,c}`:   {`/a\,b`, "/c"},
		"{/a,b/}/c":  {"/a/c", "/b/c"},
		"**/**/a":    {"/**/a"},
		"a*/":        {"/a*/**/*"},
		`a\*/`:       {`/a\*/**`},
		"[a-c][^d]":  {"/[a-c][^/d]"},
		"[ab]":       {"/[ab]", `/\[ab\]`},
	} {
		patterns, err := translate(line)
		var got []string
		for _, p := range patterns {
			got = append(got, p.text)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("translate(%q) = %q, %v; want %q", line, got, err, want)
		}
	}
}
