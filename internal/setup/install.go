// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// install builds the provider and puts it where "terraform init" and "tofu init" of any folder find it without a CLI
// configuration. It removes earlier builds. If the present build is installed already, it keeps its version, so that
// lock files stay valid.
func install(ctx context.Context, h home, out io.Writer) error {
	root, err := workspace.ModuleRoot()
	if err != nil {
		return err
	}
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dbos-install-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	build := func(version string) ([]byte, error) {
		file := filepath.Join(dir, "provider")
		if err := workspace.GoBuild(ctx, root, file, ".", "-X main.version="+version); err != nil {
			return nil, err
		}
		return os.ReadFile(file)
	}
	plugins := h.plugins()
	version, err := installed(plugins)
	if err != nil {
		return err
	}
	if version != "" {
		program, err := build(version)
		if err != nil {
			return err
		}
		if complete(plugins, version, program) {
			return h.explain(out, version, "is installed already")
		}
	}
	if version, err = nextVersion(changelog, version, time.Now()); err != nil {
		return err
	}
	program, err := build(version)
	if err != nil {
		return err
	}
	for _, providers := range workspace.ProviderDirs(plugins) {
		if err := place(providers, version, program); err != nil {
			return err
		}
		if err := remove(providers, version); err != nil {
			return err
		}
	}
	return h.explain(out, version, "is installed")
}

// uninstall removes what install has installed, and nothing else.
func uninstall(h home, out io.Writer) error {
	plugins := h.plugins()
	version, err := installed(plugins)
	if err != nil {
		return err
	}
	for _, providers := range workspace.ProviderDirs(plugins) {
		if err := remove(providers, ""); err != nil {
			return err
		}
		// A folder that is not empty holds files of others, and stays.
		for dir := providers; dir != h.dir && os.Remove(dir) == nil; {
			dir = filepath.Dir(dir)
		}
	}
	if version == "" {
		_, err = fmt.Fprintf(out, "No build of this clone is installed in %s.\n", plugins)
		return err
	}
	_, err = fmt.Fprintf(out, "Version %s is no longer in %s.\n", version, plugins)
	return err
}

// ours matches the versions of builds that install made: the release that the changelog names, with the time of the
// build as the patch number. A constraint would have to name a pre-release to match it.
var ours = regexp.MustCompile(`^\d+\.\d+\.(\d{14})$`)

var release = regexp.MustCompile(`(?m)^## (\d+\.\d+)\.\d+`)

// nextVersion is the version of a build made now. It is greater than the installed one.
func nextVersion(changelog []byte, installed string, now time.Time) (string, error) {
	next := release.FindSubmatch(changelog)
	if next == nil {
		return "", errors.New("CHANGELOG.md has no heading of a release, such as \"## 0.1.0\"")
	}
	stamp, err := strconv.ParseUint(now.UTC().Format("20060102150405"), 10, 64)
	if err != nil {
		return "", err
	}
	if before := ours.FindStringSubmatch(installed); before != nil {
		last, err := strconv.ParseUint(before[1], 10, 64)
		if err != nil {
			return "", err
		}
		stamp = max(stamp, last+1)
	}
	return fmt.Sprintf("%s.%d", next[1], stamp), nil
}

// installed is the newest version that install has installed, or "".
func installed(plugins string) (string, error) {
	var versions []string
	for _, providers := range workspace.ProviderDirs(plugins) {
		found, err := builds(providers)
		if err != nil {
			return "", err
		}
		versions = append(versions, found...)
	}
	if len(versions) == 0 {
		return "", nil
	}
	// All times have the same length.
	return slices.MaxFunc(versions, func(a, b string) int {
		return bytes.Compare([]byte(ours.FindStringSubmatch(a)[1]), []byte(ours.FindStringSubmatch(b)[1]))
	}), nil
}

// builds are the versions in a folder that install has installed.
func builds(providers string) ([]string, error) {
	entries, err := os.ReadDir(providers)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var versions []string
	for _, entry := range entries {
		if ours.MatchString(entry.Name()) {
			versions = append(versions, entry.Name())
		}
	}
	return versions, nil
}

// complete tells whether a program is the only build that is installed, for Terraform and for OpenTofu.
func complete(plugins, version string, program []byte) bool {
	for _, providers := range workspace.ProviderDirs(plugins) {
		there, err := os.ReadFile(workspace.ProviderFile(providers, version))
		if err != nil || !bytes.Equal(there, program) {
			return false
		}
		if versions, err := builds(providers); err != nil || len(versions) != 1 {
			return false
		}
	}
	return true
}

// place installs the program of a version. It renames the folder last, so that no init finds an incomplete program.
func place(providers, version string, program []byte) error {
	if err := os.MkdirAll(providers, 0o755); err != nil {
		return err
	}
	unfinished, err := os.MkdirTemp(providers, ".unfinished-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(unfinished) }()
	file := workspace.ProviderFile(unfinished, version)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file, program, 0o755); err != nil {
		return err
	}
	return os.Rename(filepath.Join(unfinished, version), filepath.Join(providers, version))
}

// remove removes the builds of install from a folder, except for one version.
func remove(providers, keep string) error {
	versions, err := builds(providers)
	if err != nil {
		return err
	}
	for _, version := range versions {
		if version == keep {
			continue
		}
		if err := os.RemoveAll(filepath.Join(providers, version)); err != nil {
			return err
		}
	}
	return nil
}
