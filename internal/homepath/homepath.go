// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package homepath reads a leading ~ in a path. A shell expands it only at the beginning of a word: not in a flag such
// as --state-dir=~/cloud, nor in a string of Terraform.
package homepath

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Expand puts the home directory in the place of a leading "~/", or "~\" on Windows, and of "~" alone. It leaves
// "~name" as it is.
func Expand(path string) (string, error) {
	return expand(path, os.PathSeparator, os.UserHomeDir)
}

func expand(path string, separator rune, homeDir func() (string, error)) (string, error) {
	if path != "~" && !strings.HasPrefix(path, "~/") && !strings.HasPrefix(path, "~"+string(separator)) {
		return path, nil
	}
	home, err := homeDir()
	if err != nil {
		return "", fmt.Errorf("%s: the home directory is not known: %w", path, err)
	}
	return filepath.Join(home, path[1:]), nil
}
