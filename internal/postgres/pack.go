// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// pack writes a data directory as a tar stream. One file is written and read several times as fast as the thousand
// files of a cluster. The server must be stopped. Files for which leave is true are left out.
func (a *account) pack(ctx context.Context, archive *tar.Writer, dir string, leave func(name string) bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		switch {
		case name == ".":
			return nil
		case entry.IsDir():
			return archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o600})
		case leave(name):
			return nil
		default:
			return a.packFile(archive, root, name)
		}
	})
}

func (a *account) packFile(archive *tar.Writer, root *os.Root, name string) error {
	file, info, err := a.open(root, name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o600}); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}

// packText adds one file to the stream.
func packText(archive *tar.Writer, name, content string) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.WriteString(archive, content)
	return err
}

// outsideBase tells which files a base backup leaves out: the log, which comes from the archive, and the files of one
// run.
func outsideBase(name string) bool {
	dir, file := path.Split(name)
	return strings.HasPrefix(dir, "pg_wal/") || file == pidFile || file == "postmaster.opts"
}
