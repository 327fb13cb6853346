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
	"syscall"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// temporaryFolder makes one that the sandbox can reach, once it is the guest's.
func (b *Backend) temporaryFolder(sandbox *postgres.SandboxUser) (string, error) {
	parent, err := sandbox.TempDir()
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, b.folderPrefix())
}

// folderPrefix is that of this state directory's folders alone.
func (b *Backend) folderPrefix() string {
	return fmt.Sprintf("dbos-localcloud-migrate-%.6x-", sha256.Sum256([]byte(b.dir)))
}

// removeLeftovers ends and removes what migrations left during which a former process was killed.
func (b *Backend) removeLeftovers(ctx context.Context) {
	sandbox, err := postgres.NewSandboxUser()
	if err != nil {
		return // so that there can be none
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

// cleanUp ends what a sandbox has started, and removes what it has written.
func (b *Backend) cleanUp(ctx context.Context, sandbox *postgres.SandboxUser, folder string) {
	err := errors.Join(sandbox.End(ctx, folder), removeAll(folder))
	for _, path := range ownedInTemp(sandbox) {
		err = errors.Join(err, removeAll(path))
	}
	if err != nil {
		b.log.Printf("remove the application's files: %s", err)
	}
}

// ownedInTemp is what a sandbox that nobody else is has left in the folders where everybody may write.
func ownedInTemp(sandbox *postgres.SandboxUser) []string {
	var paths []string
	for _, folder := range slices.Compact([]string{os.TempDir(), "/tmp", "/var/tmp", "/dev/shm"}) {
		entries, _ := os.ReadDir(folder) // there may be none
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
	// What cannot be opened up shows when it cannot be removed.
	_ = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() {
			_ = root.Chmod(path, 0o700)
		}
		return err
	})
	return errors.Join(root.Close(), os.RemoveAll(folder))
}

// diskUsage is how much of the disk a sandbox takes, in bytes.
func diskUsage(sandbox *postgres.SandboxUser, folder string) int64 {
	var sum int64
	for _, path := range append(ownedInTemp(sandbox), folder) {
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
