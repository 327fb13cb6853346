// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package archive

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRealLinesAgainstCLI compares lines of public ignore files with the CLI, over files that they match. At most 1 %
// of the lines may be refused; all others must leave out the same files.
func TestRealLinesAgainstCLI(t *testing.T) {
	t.Parallel()
	lines := realLines(t)
	if len(lines) < 500 {
		t.Fatalf("only %d lines", len(lines))
	}
	var jobs []packJob
	for group := range slices.Chunk(lines, 10) {
		for _, dir := range realTrees(t, group) {
			for i := range group {
				jobs = append(jobs, packJob{Dir: dir, Ignore: &group[i]})
			}
		}
	}
	all, refused, bite := map[string]int{}, map[string]bool{}, map[string]bool{}
	for i, result := range runCLI(t, jobs) {
		dir, line := jobs[i].Dir, *jobs[i].Ignore
		if all[dir] == 0 {
			all[dir] = len(keep(t, dir, &ignoreList{}))
		}
		list, err := parseIgnore(line)
		if err != nil {
			refused[line] = true
			continue
		}
		got := keep(t, dir, list)
		slices.Sort(result.Files)
		if result.Error != "" || !slices.Equal(got, result.Files) {
			t.Errorf("%q: %s %s", line, result.Error, difference(got, result.Files))
		}
		if len(got) < all[dir] {
			bite[line] = true
		}
	}
	t.Logf("%d lines: %d leave something out, %d are refused", len(lines), len(bite), len(refused))
	if len(refused) > len(lines)/100 {
		t.Errorf("%d of %d lines are refused: %q", len(refused), len(lines), slices.Collect(maps.Keys(refused)))
	}
	if len(bite) < len(lines)*9/10 {
		t.Errorf("only %d of %d lines leave something out", len(bite), len(lines))
	}
}

// realTrees makes two directories with the names that the lines may match, once as files and once as directories.
func realTrees(t *testing.T, lines []string) []string {
	t.Helper()
	files := []string{configName, ignoreFile, "a", "a.js", ".a", "d/a.js", "d/.a"}
	directories := []string{configName, ignoreFile}
	for _, line := range lines {
		for _, name := range samples(line) {
			files = append(files, name, "deep/"+name, name+"x", "x"+name)
			directories = append(directories, name+"/inner", "deep/er/"+name+"/in/ner")
		}
	}
	var dirs []string
	for _, names := range [][]string{files, directories} {
		dir := tree(t, nil)
		for _, name := range names {
			at := filepath.Join(dir, name)
			// What is a file for one line may be a directory for another.
			if os.MkdirAll(filepath.Dir(at), 0o755) == nil {
				_ = os.WriteFile(at, nil, 0o600)
			}
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

// samples returns names that a line may match: some that it matches in Git, and its own text.
func samples(line string) []string {
	plain := strings.Trim(line, "/")
	class := regexp.MustCompile(`\[[!^]?[^]]*\]`)
	one := func(pick int) string {
		s := strings.ReplaceAll(strings.TrimPrefix(plain, "!"), "**/", strings.Repeat("m/", pick))
		s = class.ReplaceAllStringFunc(s, func(c string) string { return c[len(c)-2 : len(c)-1] })
		s = strings.ReplaceAll(strings.ReplaceAll(s, "**", "w"), "*", strings.Repeat("s", pick))
		return strings.ReplaceAll(strings.ReplaceAll(s, "?", "q"), `\`, "")
	}
	names := []string{one(0), one(1), one(2), plain}
	return slices.DeleteFunc(names, func(name string) bool {
		// The CLI sends Terraform's own files, and an archive has no backslashes in names.
		own := slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
			return terraformOwn(part, true) || terraformOwn(part, false)
		})
		return own || strings.Contains(name, `\`) || !filepath.IsLocal(name) || filepath.Clean(name) != name || name == "."
	})
}

// keep returns the names of the files that are sent, without the configuration.
func keep(t *testing.T, dir string, ignored *ignoreList) []string {
	t.Helper()
	w := &walker{ctx: t.Context(), root: dir, ignored: ignored}
	if err := w.walk(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range w.entries {
		names = append(names, e.name)
	}
	slices.Sort(names)
	return names
}

func difference(ours, theirs []string) string {
	without := func(all, others []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(others, name) })
	}
	return fmt.Sprintf("only we send %q, only the CLI sends %q", without(ours, theirs), without(theirs, ours))
}
