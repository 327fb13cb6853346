// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// temporaryFolder makes a folder that the sandbox user can reach. The caller gives it to that user when it is filled.
func (b *Backend) temporaryFolder(sandbox *postgres.SandboxUser) (string, error) {
	parent, err := sandbox.TempDir()
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, b.folderPrefix())
}

// folderPrefix differs for each state directory, so that one local cloud never removes another's folders.
func (b *Backend) folderPrefix() string {
	return fmt.Sprintf("dbos-localcloud-migrate-%.6x-", sha256.Sum256([]byte(b.dir)))
}

// removeLeftovers ends the processes and removes the files of migrations during which an earlier process was killed.
func (b *Backend) removeLeftovers(ctx context.Context) {
	sandbox, err := postgres.NewSandboxUser()
	if err != nil {
		return // then no earlier process had one either
	}
	parent, err := sandbox.TempDir()
	if err != nil {
		return
	}
	folders, _ := filepath.Glob(filepath.Join(parent, b.folderPrefix()+"*"))
	for _, folder := range folders {
		if former, err := postgres.SandboxUserOf(folder); err == nil {
			b.cleanUp(ctx, former, folder)
		} else if err := os.RemoveAll(folder); err != nil {
			b.log.Printf("remove the application's files: %s", err)
		}
	}
}

// cleanUp ends the processes of a sandbox user, and removes its files.
func (b *Backend) cleanUp(ctx context.Context, sandbox *postgres.SandboxUser, folder string) {
	err := errors.Join(sandbox.End(ctx, folder), removeAll(folder))
	for _, path := range ownedInTemp(sandbox) {
		err = errors.Join(err, removeAll(path))
	}
	if err != nil {
		b.log.Printf("remove the application's files: %s", err)
	}
}

// ownedInTemp finds what a sandbox user has left in the folders where everybody may write.
func ownedInTemp(sandbox *postgres.SandboxUser) []string {
	folders := []string{filepath.Clean(os.TempDir()), "/tmp", "/var/tmp", "/dev/shm"}
	slices.Sort(folders)
	var paths []string
	for _, folder := range slices.Compact(folders) {
		entries, _ := os.ReadDir(folder) // the folder may be missing
		for _, entry := range entries {
			if info, err := entry.Info(); err == nil && sandbox.Owns(info) {
				paths = append(paths, filepath.Join(folder, entry.Name()))
			}
		}
	}
	return paths
}

// removeAll removes read-only folders as well, such as a module cache.
func removeAll(folder string) error {
	if os.RemoveAll(folder) == nil {
		return nil
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	// A folder whose mode cannot be changed fails to be removed below.
	_ = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() {
			_ = root.Chmod(path, 0o700)
		}
		return err
	})
	return errors.Join(root.Close(), os.RemoveAll(folder))
}
