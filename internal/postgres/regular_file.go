// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Servers can write to their own directories, and so can anybody who breaks into one. This process, which may be root,
// therefore follows no link there and opens only regular files of the servers' user. It fills a directory before it
// gives the directory away.

// openRegular opens a regular file in a directory that others can write to. It follows no link, and does not block as
// an open of a named pipe would.
func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	entry, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	irregular := fmt.Errorf("%s is not a regular file", filepath.Join(root.Name(), name))
	if !entry.Mode().IsRegular() {
		return nil, nil, irregular
	}
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !os.SameFile(entry, info) {
		err = irregular // another file replaced it
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

// readRegular reads the beginning of a small regular file.
func readRegular(dir, name string) ([]byte, error) {
	const small = 64 << 10
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	file, _, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, small))
}

// open opens a regular file that belongs to the account. A hard link to another user's file does not.
func (a *account) open(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	file, info, err := openRegular(root, name)
	if err != nil {
		return nil, nil, err
	}
	if owner, known := info.Sys().(*syscall.Stat_t); known && int(owner.Uid) != a.id() {
		err := fmt.Errorf("%s belongs to another user", filepath.Join(root.Name(), name))
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}
