// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package archive

import (
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// awkwardNames are names that unusual patterns may match.
var awkwardNames = strings.Split(`a|b|ab|ba|a.b|.a|.b|[a]|[ab]|{a}|{a,b}|(a)|!a|a!|a+|+a|aa|aab|a b|a,b|a-b|-|^a|$a|@a|a'b|"a"|1|2|10|é|aé|😀|x.js|y.js|a.js|ab.ts|a.d.ts|d/a|d/b|d/ab|d/.a|d/a.b|d/x.js|d/[a]|d/e/a|d/e/b|d/e/ab|d/e/f/a|d/e/f/x.js|.d/a|.d/.a|ad/a|ad/b/a|da/a|da/a.b|a.d/a|(d)/a|[d]/b|!d/a|d b/a|d+/a|bb/b|bb/a/b|bb/c/a|..a|...|a..b|d/..a`, "|")

// TestIgnorePatternsAgainstCLI compares random patterns with the CLI. A pattern that is not refused must leave out the
// same files. IGNORE_SEED and IGNORE_PATTERNS choose others, and more of them.
func TestIgnorePatternsAgainstCLI(t *testing.T) {
	t.Parallel()
	files := map[string]string{configName: "", ignoreFile: ""}
	for _, name := range awkwardNames {
		files[name] = "x"
	}
	dir := tree(t, files)
	patterns := randomPatterns(number("IGNORE_SEED", 1), number("IGNORE_PATTERNS", 300))
	jobs := make([]packJob, len(patterns))
	for i := range patterns {
		jobs[i] = packJob{Dir: dir, Ignore: &patterns[i]}
	}
	results := runCLI(t, jobs)

	refused := 0
	for i, pattern := range patterns {
		list, err := parseIgnore(pattern)
		if err != nil {
			refused++
			continue
		}
		got := keep(t, dir, list)
		want := results[i].Files
		slices.Sort(want)
		if results[i].Error != "" || !slices.Equal(got, want) {
			t.Errorf("%q: %s %s", pattern, results[i].Error, difference(got, want))
		}
	}
	if refused > len(patterns)/2 {
		t.Errorf("%d of %d patterns are refused", refused, len(patterns))
	}
}

func number(variable string, value int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return value
}

func randomPatterns(seed, count int) []string {
	usual := []string{"a", "b", "d", "d/", "e/", "/", "*", "*", "**/", "/**", "?", ".", ".js", "[ab]", "{a,b}", "ab", "da", "\r", "\n"}
	odd := []string{
		"a", "a", "b", "b", "d", "d", "e", "/", "/", "/", "*", "*", "**", "**/", "/**", "?", ".", ".", "[a]", "[ab]", "[!a]", "[^b]", "[a-c]", "[", "]", "(", ")",
		"(a|b)", "@(a|b)", "!(a)", "!(a|b)", "!(*a)", "+(a)", "+(a|b)", "*(a|b)", "*(a|ab)", "?(a)", "|", "{a,b}", "{a}", "{", "}", ",", "{1..3}", "{a,}", "{,b}", "!", "+", "@", "-", "^", "$",
		`\`, `\*`, `\[`, "'", `"`, "`", " ", "..", "../", "./", "é", "😀", ".js", ".ts", "x", "[[:alpha:]]", "[]a]", "***", "#", "[a-]", "[b-a]", "[a/b]", "1", "\u00A0",
	}
	random := rand.New(rand.NewSource(int64(seed)))
	patterns := make([]string, count)
	for i := range patterns {
		set := odd
		if i%2 == 0 {
			set = usual
		}
		for range random.Intn(6) + 1 {
			patterns[i] += set[random.Intn(len(set))]
		}
	}
	return patterns
}
