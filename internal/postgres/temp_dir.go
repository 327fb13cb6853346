// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tempDir is a folder for temporary files in which the account can reach its own: the usual one, unless only root can
// enter that.
func (a *account) tempDir() (string, error) {
	folders := []string{os.TempDir(), "/tmp", "/var/tmp"}
	for _, folder := range folders {
		if a.mayPass(folder) {
			return folder, nil
		}
	}
	return "", fmt.Errorf("the user %s may not enter any of the folders for temporary files, %s: set TMPDIR to one that everybody may enter",
		a.name, strings.Join(folders, ", "))
}

// mayPass tells whether the account can reach the files in a folder.
func (a *account) mayPass(folder string) bool {
	if a == nil {
		return true
	}
	folder, err := filepath.EvalSymlinks(folder)
	for ; err == nil; folder = filepath.Dir(folder) {
		info, statErr := os.Stat(folder)
		if statErr != nil || !a.mayEnter(info) {
			return false
		}
		if folder == filepath.Dir(folder) {
			return true
		}
	}
	return false
}

func (a *account) mayEnter(info os.FileInfo) bool {
	owner, known := info.Sys().(*syscall.Stat_t)
	switch {
	case known && int(owner.Uid) == a.uid:
		return info.Mode()&0o100 != 0
	case known && int(owner.Gid) == a.gid:
		return info.Mode()&0o010 != 0
	default:
		return info.Mode()&0o001 != 0
	}
}
