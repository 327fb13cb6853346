// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package workspace

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Copy copies a folder of configuration without what Terraform has left in it.
func Copy(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir() && leftover(entry.Name()):
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case leftover(entry.Name()):
			return nil
		}
		return copyFile(path, filepath.Join(to, name))
	})
}

func leftover(name string) bool {
	return name == ".terraform" || name == ".terraform.lock.hcl" || name == "terraform.d" || name == "crash.log" ||
		strings.HasSuffix(name, ".tfstate") || strings.Contains(name, ".tfstate.")
}

func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode().Perm())
}
