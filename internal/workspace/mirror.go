// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package workspace

import (
	"path/filepath"
	"runtime"
)

// Platform is the platform of this machine, as a plugin folder spells it.
const Platform = runtime.GOOS + "_" + runtime.GOARCH

// ProviderDirs are the folders below a plugin folder where Terraform and OpenTofu look for this provider. Each
// completes the short source address with its own registry.
func ProviderDirs(plugins string) []string {
	return []string{
		filepath.Join(plugins, "registry.terraform.io", "dbos-community", "dbos"),
		filepath.Join(plugins, "registry.opentofu.org", "dbos-community", "dbos"),
	}
}

// ProviderFile is the path of the program of a version in one of the ProviderDirs.
func ProviderFile(dir, version string) string {
	name := "terraform-provider-dbos_v" + version
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, version, Platform, name)
}
