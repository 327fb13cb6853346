// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

var (
	namedPath     = regexp.MustCompile("`((?:internal|examples|docs|\\.ci)/[^` ]*)`")
	namedFunction = regexp.MustCompile("^\\| `([^`]+\\.go)` \\| `([A-Za-z]+)` ")
)

// TestContributingNamesWhatExists checks that the files and functions that CONTRIBUTING.md names exist.
func TestContributingNamesWhatExists(t *testing.T) {
	t.Parallel()
	root, err := workspace.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	files, functions := 0, 0
	for i, line := range strings.Split(pages(t)["CONTRIBUTING.md"], "\n") {
		for _, named := range namedPath.FindAllStringSubmatch(line, -1) {
			files++
			if _, err := os.Stat(filepath.Join(root, named[1])); err != nil {
				t.Errorf("CONTRIBUTING.md:%d: %v", i+1, err)
			}
		}
		named := namedFunction.FindStringSubmatch(line)
		if named == nil {
			continue
		}
		functions++
		source, err := os.ReadFile(filepath.Join(root, named[1]))
		if err != nil || !regexp.MustCompile(`(?m)^func (\([^)]*\) )?`+named[2]+`[\[(]`).Match(source) {
			t.Errorf("CONTRIBUTING.md:%d: %s has no function %s (%v)", i+1, named[1], named[2], err)
		}
	}
	if files < 25 || functions < 5 {
		t.Errorf("found only %d files and %d functions, so that this test may not see them", files, functions)
	}
}
