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

// temporaryFolder makes one that the guest can reach, once it is the guest's.
func (b *Backend) temporaryFolder(guest *postgres.Guest) (string, error) {
	parent, err := guest.TempDir()
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, b.folderPrefix())
}

// folderPrefix is that of this state directory's folders alone.
func (b *Backend) folderPrefix() string {
	return fmt.Sprintf("dbos-localcloud-migrate-%.6x-", sha256.Sum256([]byte(b.dir)))
}

// sweep ends and removes what migrations left during which a former process was killed.
func (b *Backend) sweep(ctx context.Context) {
	guest, err := postgres.NewGuest()
	if err != nil {
		return // so that there can be none
	}
	parent, err := guest.TempDir()
	if err != nil {
		return
	}
	folders, _ := filepath.Glob(filepath.Join(parent, b.folderPrefix()+"*"))
	for _, folder := range folders {
		if former, err := postgres.GuestOf(folder); err == nil {
			b.clean(ctx, former, folder)
		} else if err := os.RemoveAll(folder); err != nil {
			b.log.Printf("remove the application's files: %s", err)
		}
	}
}

// clean ends what a guest has started, and removes what it has written.
func (b *Backend) clean(ctx context.Context, guest *postgres.Guest, folder string) {
	err := errors.Join(guest.End(ctx, folder), removeAll(folder))
	for _, path := range elsewhere(guest) {
		err = errors.Join(err, removeAll(path))
	}
	if err != nil {
		b.log.Printf("remove the application's files: %s", err)
	}
}

// elsewhere is what a guest that nobody else is has left in the folders where everybody may write.
func elsewhere(guest *postgres.Guest) []string {
	var paths []string
	for _, folder := range slices.Compact([]string{os.TempDir(), "/tmp", "/var/tmp", "/dev/shm"}) {
		entries, _ := os.ReadDir(folder) // there may be none
		for _, entry := range entries {
			if info, err := entry.Info(); err == nil && guest.Owns(info) {
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

// used is how much of the disk a guest takes, in bytes.
func used(guest *postgres.Guest, folder string) int64 {
	var sum int64
	for _, path := range append(elsewhere(guest), folder) {
		if info, err := os.Lstat(path); err == nil && !info.IsDir() {
			sum += blocks(info)
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
				sum += blocks(info)
			}
			return nil
		})
		_ = root.Close()
	}
	return sum
}

func blocks(info fs.FileInfo) int64 {
	if stat, known := info.Sys().(*syscall.Stat_t); known {
		return stat.Blocks * 512
	}
	return info.Size()
}
