// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func programs(t *testing.T, dir string, names ...string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSearch(t *testing.T) {
	t.Parallel()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	whole := programs(t, filepath.Join(root, "whole"), "initdb", "postgres")
	clientOnly := programs(t, filepath.Join(root, "client"), "psql")
	halved := programs(t, filepath.Join(root, "halved"), "postgres")
	programs(t, filepath.Join(root, "lib", "9.6", "bin"), "initdb", "postgres")
	programs(t, filepath.Join(root, "lib", "15", "bin"), "initdb", "postgres")
	newest := programs(t, filepath.Join(root, "lib", "100", "bin"), "initdb", "postgres")
	programs(t, filepath.Join(root, "lib", "200", "bin"), "postgres")
	links := filepath.Join(root, "links")
	if err := os.Mkdir(links, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(whole, "postgres"), filepath.Join(links, "postgres")); err != nil {
		t.Fatal(err)
	}
	lib := []string{filepath.Join(root, "lib", "*", "bin")}
	const install = "apt-get install -y postgresql"

	tests := map[string]struct {
		search search
		want   string
		fails  []string
	}{
		"the named directory":           {search: search{binDir: whole, path: []string{newest}}, want: whole},
		"a named directory without one": {search: search{binDir: clientOnly, path: []string{whole}, install: install}, fails: []string{clientOnly, "initdb", install}},
		"the PATH before the rest":      {search: search{path: []string{clientOnly, whole}, patterns: lib}, want: whole},
		"a link on the PATH":            {search: search{path: []string{links}, patterns: lib}, want: whole},
		"half of one on the PATH":       {search: search{path: []string{halved}, patterns: lib}, want: newest},
		"the newest":                    {search: search{patterns: lib}, want: newest},
		"none":                          {search: search{path: []string{clientOnly}, patterns: []string{"/nowhere/*/bin"}, install: install}, fails: []string{"initdb", "PATH", "/nowhere/*/bin", install}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := test.search.find()
			if test.fails == nil {
				if err != nil || got != test.want {
					t.Errorf("find = %q, %v, want %q", got, err, test.want)
				}
				return
			}
			for _, part := range test.fails {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not name %q", err, part)
				}
			}
		})
	}
}

func TestPackageManagers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		programs []string
		root     bool
		want     string
	}{
		"Debian":          {[]string{"apt-get"}, false, "sudo apt-get update && sudo apt-get install -y --no-install-recommends postgresql"},
		"Debian as root":  {[]string{"apt-get"}, true, "apt-get update && apt-get install -y --no-install-recommends postgresql"},
		"the first known": {[]string{"dnf", "brew"}, false, "sudo dnf install -y postgresql-server"},
		"Alpine":          {[]string{"apk"}, true, "apk add postgresql postgresql-client"},
		"macOS":           {[]string{"brew"}, false, "brew install postgresql@17 && brew link --force postgresql@17"},
		"an unknown kind": {[]string{"emerge"}, true, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			manager, ok := Manager(func(program string) bool { return slices.Contains(test.programs, program) })
			if got := manager.Line(test.root); got != test.want || ok != (test.want != "") {
				t.Errorf("Manager = %q, %t, want %q", got, ok, test.want)
			}
		})
	}
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		version string
		major   int
	}{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)": {"15.18", 15},
		"postgres (PostgreSQL) 9.6.24":                         {"9.6.24", 9},
		"postgres (PostgreSQL) 18beta1":                        {"18", 18},
		"something else":                                       {"", 0},
	}
	for answer, want := range tests {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			version, major := parseVersion(answer)
			if version != want.version || major != want.major {
				t.Errorf("parseVersion = %q, %d, want %q, %d", version, major, want.version, want.major)
			}
		})
	}
}

func TestFindRefusesOldVersions(t *testing.T) {
	t.Parallel()
	dir := programs(t, t.TempDir(), "initdb")
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) 12.22'\n"
	// A child of another test may inherit the open file, which could then not be executed.
	syscall.ForkLock.RLock()
	err := os.WriteFile(filepath.Join(dir, "postgres"), []byte(script), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Find(dir); err == nil || !strings.Contains(err.Error(), "12.22") || !strings.Contains(err.Error(), "13 or newer") {
		t.Errorf("Find = %v, want an error that names both versions", err)
	}
}
