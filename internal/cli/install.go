// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const (
	// Newest is the newest release of the CLI.
	Newest = "2.10.24"
	// Oldest is the oldest stable release whose calls are this API's, except for logs and workflows. The calls in the
	// code of all earlier releases were compared. Up to 1.16.12 they register an application without its language, which
	// this API demands. Up to 1.9.15 they put the user into the paths, not the organization. The oldest release does not
	// have "app update", "app env" and "db url" yet. It has "db connect".
	Oldest = "1.20.21"
)

// Installed is the directory of a release of the CLI. The first test on a machine installs the release with npm into the
// user's cache. The test is skipped if that fails.
func Installed(t testing.TB, version string) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the published CLI needs %s: %v", tool, err)
		}
	}
	installed, err := install(t.Context(), version)
	if err != nil {
		t.Skipf("the CLI cannot be installed with npm: %v", err)
	}
	return installed
}

func install(ctx context.Context, version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "terraform-provider-dbos", "dbos-cloud-"+version)
	installed := filepath.Join(dir, "node_modules", "@dbos-inc", "dbos-cloud")
	if _, err := os.Stat(dir); err == nil {
		return installed, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	// Several processes may get here at once; the folder appears as a whole.
	unfinished, err := os.MkdirTemp(filepath.Dir(dir), "unfinished-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(unfinished) //nolint:errcheck // It is gone if all went well.
	npm := exec.CommandContext(ctx, "npm", "install", "--prefix", unfinished, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "@dbos-inc/dbos-cloud@"+version)
	if output, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	if err := os.Rename(unfinished, dir); err != nil {
		if _, statErr := os.Stat(installed); statErr != nil {
			return "", err
		}
	}
	return installed, nil
}
