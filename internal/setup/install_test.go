// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

func TestNextVersion(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 4, 5, 6, 0, time.FixedZone("", 3600))
	tests := map[string]struct{ changelog, installed, want string }{
		"the first build":               {"# Changelog\n\n## 0.2.0 (unreleased)\n\n## 0.1.0\n", "", "0.2.20261127030506"},
		"an older build":                {"## 0.2.0\n", "0.1.20261127030505", "0.2.20261127030506"},
		"two builds in a second":        {"## 0.2.0\n", "0.2.20261127030506", "0.2.20261127030507"},
		"a clock that was put back":     {"## 0.2.0\n", "0.2.20271127030506", "0.2.20271127030507"},
		"a changelog without a release": {"# Changelog\n", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := nextVersion([]byte(test.changelog), test.installed, now)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("version = %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestPlugins(t *testing.T) {
	t.Parallel()
	for h, want := range map[home]string{
		{dir: "me"}:                  filepath.Join("me", ".terraform.d", "plugins"),
		{dir: "data", windows: true}: filepath.Join("data", "terraform.d", "plugins"),
	} {
		if got := h.plugins(); got != want {
			t.Errorf("plugins of %+v = %q, want %q", h, got, want)
		}
	}
}

// The user is told which CLI configuration hides the folder by its provider_installation block.
func TestHiding(t *testing.T) {
	t.Parallel()
	const hides = "provider_installation {\n  direct {}\n}\n"
	tests := map[string]struct {
		file, content string
		home          home
		named         bool
		want          bool
	}{
		"Terraform's file":           {file: ".terraformrc", content: hides, want: true},
		"OpenTofu's file":            {file: ".tofurc", content: hides, want: true},
		"Terraform's file, Windows":  {file: "terraform.rc", content: hides, home: home{windows: true}, want: true},
		"a file without the block":   {file: ".terraformrc", content: "# provider_installation\nplugin_cache_dir = \"/cache\"\n"},
		"a file of the user's shell": {file: "other.rc", content: hides, named: true, want: true},
		"no file":                    {file: "unrelated"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := test.home
			h.dir = t.TempDir()
			file := filepath.Join(h.dir, test.file)
			write(t, file, test.content)
			if test.named {
				h.config = file
			}
			var out bytes.Buffer
			if err := h.explain(&out, "0.1.1", "is installed"); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(out.String(), file+" has a provider_installation block"); got != test.want {
				t.Errorf("warned = %t, want %t:\n%s", got, test.want, out.String())
			}
		})
	}
}

// uninstall removes builds and empty folders, but no release that came there in another way.
func TestUninstall(t *testing.T) {
	t.Parallel()
	h := home{dir: t.TempDir(), windows: runtime.GOOS == "windows"}
	mine, others := workspace.ProviderDirs(h.plugins())[0], workspace.ProviderDirs(h.plugins())[1]
	for _, version := range []string{"0.1.20261127030506", "0.2.20261127030507"} {
		for _, providers := range []string{mine, others} {
			if err := place(providers, version, []byte(version)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(t, workspace.ProviderFile(others, "0.1.0"), "a release")
	if version, err := installed(h.plugins()); version != "0.2.20261127030507" || err != nil {
		t.Errorf("installed = %q, %v", version, err)
	}
	var out bytes.Buffer
	if err := uninstall(h, &out); err != nil {
		t.Fatal(err)
	}
	if want := "Version 0.2.20261127030507 is no longer in " + h.plugins() + ".\n"; out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
	if _, err := os.Stat(filepath.Dir(filepath.Dir(mine))); !os.IsNotExist(err) {
		t.Errorf("the empty folder of the registry is left: %v", err)
	}
	entries, err := os.ReadDir(others)
	if err != nil || !slices.Equal(names(entries), []string{"0.1.0"}) {
		t.Errorf("left in the other one: %q, %v", names(entries), err)
	}
}

func names(entries []os.DirEntry) []string {
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}
