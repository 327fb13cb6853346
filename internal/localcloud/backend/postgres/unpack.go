// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// unpack puts the files of an archive into a folder and gives them to the sandbox user. Whatever the archive holds, it
// writes nothing outside the folder.
func (b *Backend) unpack(ctx context.Context, sandbox *postgres.SandboxUser, archive, folder string) error {
	reader, err := zip.OpenReader(archive)
	if errors.Is(err, zip.ErrFormat) {
		return &backend.ArchiveError{Err: err}
	}
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if err := backend.CheckArchive(reader.File); err != nil {
		return err
	}
	left := b.limits.bytes
	for _, file := range reader.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		written, err := unpackFile(root, file, left)
		if err != nil {
			return asArchiveError(file.Name, err)
		}
		if left -= written; left < 0 {
			return &backend.ArchiveError{Err: fmt.Errorf("its files are larger than %d bytes together", b.limits.bytes)}
		}
	}
	return giveTo(sandbox, folder)
}

// asArchiveError blames the archive for an error, unless this machine is the cause.
func asArchiveError(name string, err error) error {
	err = fmt.Errorf("%s: %w", name, err)
	for _, ours := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, ours) {
			return err
		}
	}
	return &backend.ArchiveError{Err: err}
}

// unpackFile writes at most one byte more than the limit. It does not trust the size that the archive claims.
func unpackFile(root *os.Root, file *zip.File, limit int64) (written int64, err error) {
	name := filepath.FromSlash(strings.TrimSuffix(file.Name, "/"))
	mode := file.Mode()
	if mode.IsDir() {
		return 0, root.MkdirAll(name, 0o755)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return 0, err
	}
	content, err := file.Open()
	if err != nil {
		return 0, err
	}
	defer func() { _ = content.Close() }()
	target, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	written, err = io.Copy(target, io.LimitReader(content, limit+1))
	if err == nil {
		err = target.Chmod(mode.Perm() | 0o600)
	}
	return written, errors.Join(err, target.Close())
}

// giveTo changes the owner of a folder from the inside out. The new owner may have other processes, which cannot enter
// the folder before all is done.
func giveTo(sandbox *postgres.SandboxUser, folder string) error {
	var paths []string
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if err != nil {
		return err
	}
	for _, path := range slices.Backward(paths) {
		if err := sandbox.Chown(path); err != nil {
			return err
		}
	}
	return nil
}
