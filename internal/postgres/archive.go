// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// archiveAll brings all that the server has committed into its archive, and
// after it one more commit, which is later than any instant that can be asked
// for: recovery stops at commits only, and fails where there is none. It
// answers false if the server does not run.
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
	if _, err := conn.Exec(ctx, "SELECT pg_logical_emit_message(true, 'restore', '')"); err != nil {
		return false, err
	}
	var segment string
	if err := conn.QueryRow(ctx, "SELECT pg_walfile_name(pg_switch_wal())").Scan(&segment); err != nil {
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

// copyLog copies the log files of a directory to where recovery finds them, and
// notes that they are not to be archived again.
func (s *Server) copyLog(from string) error {
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	account, to := s.installation.account, filepath.Join(s.path(dataName), "pg_wal")
	for _, file := range files {
		if !logFile.MatchString(file.Name()) {
			continue
		}
		content, err := os.Open(filepath.Join(from, file.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a running source has recycled it
		}
		if err != nil {
			return err
		}
		err = account.copy(filepath.Join(to, file.Name()), content, nil)
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
		if err := account.write(filepath.Join(to, "archive_status", file.Name()+".done"), ""); err != nil {
			return err
		}
	}
	return nil
}
