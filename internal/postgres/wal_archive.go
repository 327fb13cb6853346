// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
)

// archiveAll makes the server archive its log up to now. Before that it commits once more: recovery to an instant needs
// a later commit to stop at, and fails without one. It is false if the server does not run.
func (s *Server) archiveAll(ctx context.Context) (live bool, err error) {
	select {
	case <-s.Done():
		return false, nil
	default:
	}
	conn, err := s.session(ctx, "")
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "SELECT pg_catalog.pg_logical_emit_message(true, 'restore', '')"); err != nil {
		return false, err
	}
	var segment string
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_switch_wal())").Scan(&segment); err != nil {
		return false, err
	}
	for {
		if _, err := os.Stat(filepath.Join(s.path(walName), segment)); err == nil {
			return true, nil
		}
		select {
		case <-s.Done():
			return false, errors.Join(errors.New("the source has ended"), s.Err())
		default:
		}
		if err := pause(ctx); err != nil {
			return false, fmt.Errorf("the log was not archived: %w\n%s", err, s.process.logTail())
		}
	}
}

var logFile = regexp.MustCompile(`^([0-9A-F]{24}|[0-9A-F]{8}\.history)$`)

// copyLog copies the log files of a directory to where recovery finds them, and marks them as archived.
func (d *stagedDir) copyLog(ctx context.Context, root *os.Root, dir string) error {
	files, err := fs.ReadDir(root.FS(), dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !logFile.MatchString(file.Name()) {
			continue
		}
		if err := d.copyLogFile(root, path.Join(dir, file.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (d *stagedDir) copyLogFile(root *os.Root, name string) error {
	content, info, err := d.account.open(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a running server recycles its log files
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	if info.Size() > segmentSize {
		return fmt.Errorf("%s is larger than a log file", filepath.Join(root.Name(), name))
	}
	copied, note := path.Join("pg_wal", path.Base(name)), path.Join("pg_wal/archive_status", path.Base(name)+".done")
	// The base backup or the archive may hold a shorter version of the file.
	if err := errors.Join(d.root.RemoveAll(copied), d.root.RemoveAll(note)); err != nil {
		return err
	}
	if err := d.copy(copied, io.LimitReader(content, segmentSize)); err != nil {
		return err
	}
	return d.write(note, "")
}
