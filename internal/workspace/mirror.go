// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package workspace

import (
	"path/filepath"
	"runtime"
)

// Platform is this machine's, as a plugin folder spells it.
const Platform = runtime.GOOS + "_" + runtime.GOARCH

// ProviderDirs are the folders below a plugin folder in which Terraform and OpenTofu look for versions of this
// provider. Each of them completes the short source address with a registry of its own.
func ProviderDirs(plugins string) []string {
	return []string{
		filepath.Join(plugins, "registry.terraform.io", "dbos-community", "dbos"),
		filepath.Join(plugins, "registry.opentofu.org", "dbos-community", "dbos"),
	}
}

// ProviderFile is where the program of a version belongs in one of the ProviderDirs.
func ProviderFile(dir, version string) string {
	name := "terraform-provider-dbos_v" + version
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, version, Platform, name)
}
