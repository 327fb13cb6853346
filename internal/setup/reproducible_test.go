// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// releaseFile is the part of .goreleaser.yml that the tests read.
type releaseFile struct {
	ProjectName string `yaml:"project_name"`
	Builds      []struct {
		ID                                      string
		Env, Flags, Tags, Ldflags, Goos, Goarch []string
		Ignore                                  []struct{ Goos, Goarch string }
		Timestamp                               string `yaml:"mod_timestamp"`
	}
	Sboms []struct {
		ID   string
		Args []string
	}
}

func readRelease(t *testing.T, root string) releaseFile {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, ".goreleaser.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var r releaseFile
	if err := yaml.Unmarshal(content, &r); err != nil {
		t.Fatal(err)
	}
	if r.ProjectName != "terraform-provider-dbos" || len(r.Builds) != 2 {
		t.Fatalf("the release is of %q, with %d programs", r.ProjectName, len(r.Builds))
	}
	return r
}

// TestReleasedPlatforms checks that CI builds every platform that is released.
func TestReleasedPlatforms(t *testing.T) {
	t.Parallel()
	root, err := workspace.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	gates, err := os.ReadFile(filepath.Join(root, ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^released='(.*)'$`).FindSubmatch(gates)
	if line == nil {
		t.Fatal(".ci/run does not list the platforms")
	}
	for _, build := range readRelease(t, root).Builds {
		var platforms []string
		for _, goos := range build.Goos {
			for _, goarch := range build.Goarch {
				if !slices.Contains(build.Ignore, struct{ Goos, Goarch string }{goos, goarch}) {
					platforms = append(platforms, goos+"/"+goarch)
				}
			}
		}
		if released := strings.Join(platforms, " "); released != string(line[1]) {
			t.Errorf("%s is released for %s, but built for %s by .ci/run", build.ID, released, line[1])
		}
	}
}

// TestSameBytes builds the provider with the release's flags in two clones of one commit. The bytes must be the same,
// so that anybody can verify a release.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	root, err := workspace.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	release := readRelease(t, root)
	for _, build := range release.Builds {
		if !slices.Contains(build.Env, "CGO_ENABLED=0") || build.Timestamp != "{{ .CommitTimestamp }}" {
			t.Errorf("a build depends on the machine or the time: %+v", build)
		}
	}
	if len(release.Sboms) != len(release.Builds) {
		t.Errorf("%d programs have %d lists of what is in them", len(release.Builds), len(release.Sboms))
	}
	for _, list := range release.Sboms {
		if !slices.Contains(list.Args, "-noserial") || !slices.Contains(list.Args, "-notimestamp") {
			t.Errorf("%s gives other bytes each time: %q", list.ID, list.Args)
		}
	}
	build := release.Builds[0]
	flags := strings.Join(build.Flags, " ") + " -tags=" + strings.Join(build.Tags, ",") + " -ldflags='" + strings.ReplaceAll(build.Ldflags[0], "{{ .Version }}", "1.2.3") + "'"
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
