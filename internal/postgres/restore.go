// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// timeouts bound the steps of a restore. They are necessary, since the files that a restore reads belong to another
// user.
type timeouts struct {
	archive  time.Duration // of the archiving of the source
	copy     time.Duration // of reading or writing a base backup and the log
	recovery time.Duration // of the replay of the log
	session  time.Duration // of one session of the superuser
}

var defaultTimeouts = timeouts{
	archive: time.Minute, copy: 10 * time.Minute, recovery: 30 * time.Minute, session: 30 * time.Second,
}

func formatTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Restore makes a server in dir with all that was committed in this one up to the instant, to the microsecond. Roles
// and passwords are those of the instant too. This server keeps running. If it has ended, its directory is enough.
func (s *Server) Restore(ctx context.Context, at time.Time, dir string) (_ *Server, err error) {
	at = at.UTC().Truncate(time.Microsecond)
	if earliest := s.RestorableSince(); at.Before(earliest) {
		// PostgreSQL would silently restore the state of the base backup.
		return nil, fmt.Errorf("the server cannot be restored to %s: the earliest instant is %s", formatTime(at), formatTime(earliest))
	}
	if at.After(time.Now()) {
		return nil, fmt.Errorf("a server cannot be restored to an instant in the future: %s", formatTime(at))
	}
	r, err := s.installation.claim(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("restore a PostgreSQL server: %w", err)
	}
	defer r.undo(ctx, &err)
	r.record = s.record

	if err := r.recover(ctx, s, at); err != nil {
		return nil, fmt.Errorf("restore a PostgreSQL server to %s: %w", formatTime(at), err)
	}
	if err := r.takeBase(ctx); err != nil {
		return nil, fmt.Errorf("take the base backup of the restored server: %w", err)
	}
	if r.process, err = r.run(ctx, 0); err != nil {
		return nil, err
	}
	if err := r.checkPromoted(ctx); err != nil {
		return nil, err
	}
	if err := r.lockHostRoles(ctx); err != nil {
		return nil, err
	}
	return r, r.complete()
}

// recover makes the data directory as the source's was at the instant. The server is stopped then.
func (s *Server) recover(ctx context.Context, source *Server, at time.Time) error {
	limited, cancel := context.WithTimeout(ctx, s.installation.timeouts.archive)
	live, err := source.archiveAll(limited)
	cancel()
	if err != nil {
		return err
	}
	if err := s.copyFrom(ctx, source, live); err != nil {
		return err
	}
	target := "recovery_target_time=" + at.Format("2006-01-02 15:04:05.000000") + "+00"
	err = s.replay(ctx, target)
	if live || err == nil || !strings.Contains(err.Error(), "recovery ended before configured recovery target was reached") {
		return err
	}
	// The source committed nothing later than the instant before it ended, so the restored server gets all of it.
	if err := os.RemoveAll(s.path(dataName)); err != nil {
		return err
	}
	if err := s.copyFrom(ctx, source, live); err != nil {
		return err
	}
	return s.replay(ctx, "")
}

// copyFrom fills the data directory from the base backup of the source and the log since.
func (s *Server) copyFrom(ctx context.Context, source *Server, archived bool) error {
	ctx, cancel := context.WithTimeout(ctx, s.installation.timeouts.copy)
	defer cancel()
	source.reading.RLock()
	defer source.reading.RUnlock()
	base, err := os.Open(source.path(baseName))
	if err != nil {
		return err
	}
	defer func() { _ = base.Close() }()
	archive, err := os.OpenRoot(source.path(walName))
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	data, err := os.OpenRoot(source.path(dataName))
	if err != nil {
		return err
	}
	defer func() { _ = data.Close() }()
	return s.installation.account.stageDir(s.path(dataName), func(f *stagedDir) error {
		if err := f.unpack(ctx, base); err != nil {
			return err
		}
		if err := f.copyLog(ctx, archive, "."); err != nil {
			return err
		}
		if !archived {
			if err := f.copyLog(ctx, data, "pg_wal"); err != nil {
				return err
			}
		}
		return f.write("recovery.signal", "")
	})
}

// replay runs the server through its recovery, up to the target or, if that is empty, to the end of the log. The
// settings for the recovery are on the command line, so that none stays in the configuration.
func (s *Server) replay(ctx context.Context, target string) error {
	settings := []string{
		"hot_standby=off", // the server gets ready only after recovery
		"restore_command=false",
		"recovery_target_timeline=current",
		"recovery_target_action=promote",
	}
	if target != "" {
		settings = append(settings, target)
	}
	limited, cancel := context.WithTimeout(ctx, s.installation.timeouts.recovery)
	defer cancel()
	p, err := s.run(limited, 0, settings...)
	if err != nil {
		return err
	}
	return p.end(ctx, syscall.SIGINT)
}

// takeBase makes the base backup of the stopped server.
func (s *Server) takeBase(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.installation.timeouts.copy)
	defer cancel()
	file, err := os.OpenFile(s.path(baseName), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(file)
	err = s.installation.account.pack(ctx, archive, s.path(dataName), outsideBase)
	return errors.Join(err, archive.Close(), file.Close())
}

func (s *Server) checkPromoted(ctx context.Context) error {
	conn, err := s.session(ctx, "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var recovering bool
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_is_in_recovery()").Scan(&recovering); err != nil {
		return err
	}
	if recovering {
		return errors.New("the restored server is still in recovery")
	}
	return nil
}
