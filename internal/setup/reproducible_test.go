// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// TestSameBytes builds the provider with the release's flags in two clones of
// one commit: whoever doubts a release can build it again and compare.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	root, err := workspace.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, ".goreleaser.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var release struct {
		ProjectName string `yaml:"project_name"`
		Builds      []struct {
			Env, Flags, Ldflags []string
			Timestamp           string `yaml:"mod_timestamp"`
		}
	}
	if err := yaml.Unmarshal(content, &release); err != nil {
		t.Fatal(err)
	}
	if release.ProjectName != "terraform-provider-dbos" || len(release.Builds) != 2 {
		t.Fatalf("the release is of %q, with %d programs", release.ProjectName, len(release.Builds))
	}
	for _, build := range release.Builds {
		if !slices.Contains(build.Env, "CGO_ENABLED=0") || build.Timestamp != "{{ .CommitTimestamp }}" {
			t.Errorf("a build depends on the machine or the time: %+v", build)
		}
	}
	build := release.Builds[0]
	flags := strings.Join(build.Flags, " ") + " -ldflags='" + strings.ReplaceAll(build.Ldflags[0], "{{ .Version }}", "1.2.3") + "'"
	n := newNewcomer(t, root)
	n.env = append(n.env, "CGO_ENABLED=0")
	var programs [][]byte
	for _, folder := range []string{"one", "two"} {
		n.types(t, n.home, "git clone --quiet "+address+" "+folder)
		n.types(t, filepath.Join(n.home, folder), "go build "+flags+" -o ../"+folder+".program .")
		program, err := os.ReadFile(filepath.Join(n.home, folder+".program"))
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, program)
	}
	if !bytes.Equal(programs[0], programs[1]) {
		t.Errorf("%s gives other bytes in another folder", flags)
	}
}
