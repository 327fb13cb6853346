// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// pack writes a data directory as a tar stream: one file is written and read
// several times as fast as the thousand that a cluster is made of. The server
// must be stopped. Files for which leave is true stay out.
func pack(w io.Writer, dir string, leave func(name string) bool) error {
	archive := tar.NewWriter(w)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." || !entry.IsDir() && leave(name) {
			return err
		}
		if !entry.IsDir() && !entry.Type().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a directory", path)
		}
		return packEntry(archive, path, name)
	})
	return errors.Join(err, archive.Close())
}

func packEntry(archive *tar.Writer, path, name string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o600}
	if info.IsDir() {
		header.Typeflag, header.Size = tar.TypeDir, 0
	}
	if err := archive.WriteHeader(header); err != nil || info.IsDir() {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(archive, file)
	return err
}

// unpack makes the data directory dir, the account's alone, of what pack wrote.
func (a *account) unpack(r io.Reader, dir string) error {
	if err := a.mkdir(dir); err != nil {
		return err
	}
	archive, buffer := tar.NewReader(r), make([]byte, 1<<18)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(dir, header.Name)
		if header.Typeflag == tar.TypeDir {
			err = a.mkdir(path)
		} else {
			err = a.copy(path, archive, buffer)
		}
		if err != nil {
			return err
		}
	}
}

// write makes a file that is the account's alone.
func (a *account) write(path, content string) error {
	return a.copy(path, strings.NewReader(content), nil)
}

// copy makes a file that is the account's alone of what it reads. Many copies
// are faster with a buffer that they share.
func (a *account) copy(path string, content io.Reader, buffer []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{file}, content, buffer)
	if err == nil && a != nil {
		err = file.Chown(a.uid, a.gid)
	}
	return errors.Join(err, file.Close())
}

// outsideBase tells of the files of a data directory that no base backup needs:
// the log comes from the archive, and the rest is of one run only.
func outsideBase(name string) bool {
	dir, file := filepath.Split(name)
	return strings.HasPrefix(dir, "pg_wal/") || file == "postmaster.pid" || file == "postmaster.opts"
}
