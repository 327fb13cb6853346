// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// The servers can write to their own directories, and so can whoever breaks into one. This process, which may be
// root's, therefore follows no link there, opens nothing but regular files of the servers' user, and fills a directory
// before it gives that directory away.

// openRegular opens a file in a directory that others can write to. It follows no link, and does not wait, as an open
// of a named pipe would.
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
		err = irregular // it was replaced meanwhile
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

// readRegular reads the beginning of a small file as openRegular opens it.
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

// open opens a regular file that belongs to the account. A hard link to somebody else's file does not.
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

// pack writes a data directory as a tar stream: one file is written and read several times as fast as the thousand that
// a cluster is made of. The server must be stopped. Files for which leave is true stay out.
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

// packText adds a file to what pack has written.
func packText(archive *tar.Writer, name, content string) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.WriteString(archive, content)
	return err
}

// stagedDir is a directory that is still this process's own, while its content belongs to the account already.
type stagedDir struct {
	account *account
	root    *os.Root
	buffer  []byte
}

// stageDir makes the directory dir, and gives it to the account once it is full.
func (a *account) stageDir(dir string, do func(*stagedDir) error) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if err := do(&stagedDir{account: a, root: root, buffer: make([]byte, 1<<18)}); err != nil {
		return err
	}
	return a.chown(dir)
}

// unpack adds what pack has written.
func (f *stagedDir) unpack(ctx context.Context, r io.Reader) error {
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if header.Typeflag == tar.TypeDir {
			err = f.mkdir(header.Name)
		} else {
			err = f.copy(header.Name, archive)
		}
		if err != nil {
			return err
		}
	}
}

func (f *stagedDir) mkdir(name string) error {
	if err := f.root.Mkdir(name, 0o700); err != nil || f.account == nil {
		return err
	}
	return f.root.Lchown(name, f.account.uid, f.account.gid)
}

func (f *stagedDir) write(name, content string) error {
	return f.copy(name, strings.NewReader(content))
}

func (f *stagedDir) copy(name string, content io.Reader) error {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{file}, struct{ io.Reader }{content}, f.buffer)
	if err == nil && f.account != nil {
		err = file.Chown(f.account.uid, f.account.gid)
	}
	return errors.Join(err, file.Close())
}

// outsideBase tells of the files of a data directory that no base backup needs: the log comes from the archive, and the
// rest is of one run only.
func outsideBase(name string) bool {
	dir, file := path.Split(name)
	return strings.HasPrefix(dir, "pg_wal/") || file == pidFile || file == "postmaster.opts"
}
