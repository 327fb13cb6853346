// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// temporaryFolder makes one that the commands can reach, once it is theirs.
func (b *Backend) temporaryFolder() (string, error) {
	parent, err := b.installation.TempDir()
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, b.folderPrefix())
}

// folderPrefix is that of this state directory's folders alone.
func (b *Backend) folderPrefix() string {
	return fmt.Sprintf("dbos-localcloud-migrate-%.6x-", sha256.Sum256([]byte(b.dir)))
}

// sweep removes the folders of migrations during which a former process was
// killed.
func (b *Backend) sweep() {
	parent, err := b.installation.TempDir()
	if err != nil {
		return // so that there can be none
	}
	folders, _ := filepath.Glob(filepath.Join(parent, b.folderPrefix()+"*"))
	for _, folder := range folders {
		if err := removeAll(folder); err != nil {
			b.log.Printf("remove the application's files: %s", err)
		}
	}
}

// removeAll removes read-only folders as well, such as a module cache.
func removeAll(folder string) error {
	if os.RemoveAll(folder) == nil {
		return nil
	}
	// What cannot be opened up shows when it cannot be removed.
	_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if entry.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return err
	})
	return os.RemoveAll(folder)
}
