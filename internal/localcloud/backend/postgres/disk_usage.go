// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// diskUsage is the number of bytes on disk in a folder, and in all else that a sandbox user has written.
func diskUsage(sandbox *postgres.SandboxUser, folder string) int64 {
	paths := ownedInTemp(sandbox)
	if !slices.Contains(paths, folder) {
		paths = append(paths, folder)
	}
	var sum int64
	for _, path := range paths {
		if info, err := os.Lstat(path); err == nil && !info.IsDir() {
			sum += diskSize(info)
			continue
		}
		root, err := os.OpenRoot(path)
		if err != nil {
			continue // it is gone
		}
		_ = fs.WalkDir(root.FS(), ".", func(_ string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // Files come and go.
			}
			if info, err := entry.Info(); err == nil {
				sum += diskSize(info)
			}
			return nil
		})
		_ = root.Close()
	}
	return sum
}

func diskSize(info fs.FileInfo) int64 {
	if stat, known := info.Sys().(*syscall.Stat_t); known {
		return stat.Blocks * 512
	}
	return info.Size()
}
