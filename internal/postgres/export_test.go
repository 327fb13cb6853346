// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

// PID is the process of a running server.
func PID(s *Server) int { return s.process.pid }

// Abandon releases the lock of a server and leaves it running, as the death of this process would on a system that does
// not end the server.
func Abandon(s *Server) error { return syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN) }

// AsSuperuser runs statements in a session of the superuser.
func AsSuperuser(ctx context.Context, s *Server, statements ...string) error {
	return s.execute(ctx, "", statements...)
}

// Value runs a query for one text in a session of the superuser.
func Value(ctx context.Context, s *Server, query string) (text string, err error) {
	conn, err := s.session(ctx, "")
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = conn.QueryRow(ctx, query).Scan(&text)
	return text, err
}

// HurryArchive bounds how long a restore waits for the archive of this server.
func HurryArchive(s *Server, limit time.Duration) {
	hurried := *s.installation
	hurried.timeouts.archive = limit
	s.installation = &hurried
}

// Start starts a command as the user that the servers run as.
func (i *Installation) Start(cmd *exec.Cmd) error { return i.account.start(cmd) }

// Chown gives a file or directory to the user that the servers run as.
func (i *Installation) Chown(path string) error { return i.account.chown(path) }

// IsBadLogin tells whether a login failed because of its name or password.
func IsBadLogin(err error) bool { return hasCode(err, "28P01") }
