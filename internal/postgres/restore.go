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

// TooEarlyError refuses an instant from before the base backup, for which PostgreSQL would bring up the backup's state
// as if it were right.
type TooEarlyError struct{ At, Earliest time.Time }

func (e *TooEarlyError) Error() string {
	return fmt.Sprintf("the server cannot be restored to %s: the earliest instant is %s", formatTime(e.At), formatTime(e.Earliest))
}

// ErrFuture is wrapped when the instant to restore to has not come yet.
var ErrFuture = errors.New("a server cannot be restored to an instant in the future")

// timeouts are how long each step of a restore may take. None waits for ever: what the restore reads was written by
// others.
type timeouts struct {
	archive  time.Duration // the source archives what it has
	copy     time.Duration // a base backup and the log are read or written
	recovery time.Duration // the log is replayed
	start    time.Duration // a server gets ready
	session  time.Duration // one session of this package's own
}

var defaultTimeouts = timeouts{
	archive: time.Minute, copy: 10 * time.Minute, recovery: 30 * time.Minute, start: 2 * time.Minute, session: 30 * time.Second,
}

func formatTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Restore makes a server in dir that has all that was committed in this one up to the instant, to the microsecond, and
// nothing that was committed later. The roles and passwords are those of that instant too. This server goes on as if
// nothing had been; if it has ended, what it has left behind is enough.
func (s *Server) Restore(ctx context.Context, at time.Time, dir string) (_ *Server, err error) {
	at = at.UTC().Truncate(time.Microsecond)
	if earliest := s.RestorableSince(); at.Before(earliest) {
		return nil, &TooEarlyError{At: at, Earliest: earliest}
	}
	if at.After(time.Now()) {
		return nil, fmt.Errorf("%w: %s", ErrFuture, formatTime(at))
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
	return r, r.complete()
}

// recover brings the data directory to the state that the source had at the instant, and leaves it stopped.
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
	// The source ended before it committed anything later than the instant: all that there is belongs to the restored
	// server.
	if err := os.RemoveAll(s.path(dataName)); err != nil {
		return err
	}
	if err := s.copyFrom(ctx, source, live); err != nil {
		return err
	}
	return s.replay(ctx, "")
}

// copyFrom makes the data directory of the source's base backup and of all of its log since.
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

// replay runs the server through its recovery: as far as the target, or if that is empty to the end of the log. What
// the recovery needs is said on the command line, so that nothing of it has to be taken out of the configuration again.
func (s *Server) replay(ctx context.Context, target string) error {
	settings := []string{
		"hot_standby=off", // ready means recovered and promoted
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

// takeBase makes the stopped server's base backup.
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
	return s.fence(ctx, conn)
}
