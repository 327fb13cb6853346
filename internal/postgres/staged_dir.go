// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"strings"
)

// stagedDir is a data directory that is being filled. Its content belongs to the account already, but the directory
// still belongs to this process, so that nobody else gets in.
type stagedDir struct {
	account *account
	root    *os.Root
	buffer  []byte
}

// stageDir makes the directory dir, fills it, and gives it to the account.
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

// unpack adds the files of a stream that pack has written.
func (d *stagedDir) unpack(ctx context.Context, r io.Reader) error {
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
			err = d.mkdir(header.Name)
		} else {
			err = d.copy(header.Name, archive)
		}
		if err != nil {
			return err
		}
	}
}

func (d *stagedDir) mkdir(name string) error {
	if err := d.root.Mkdir(name, 0o700); err != nil || d.account == nil {
		return err
	}
	return d.root.Lchown(name, d.account.uid, d.account.gid)
}

func (d *stagedDir) write(name, content string) error {
	return d.copy(name, strings.NewReader(content))
}

func (d *stagedDir) copy(name string, content io.Reader) error {
	file, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{file}, struct{ io.Reader }{content}, d.buffer)
	if err == nil && d.account != nil {
		err = file.Chown(d.account.uid, d.account.gid)
	}
	return errors.Join(err, file.Close())
}
