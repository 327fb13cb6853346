// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// host is the only address that servers listen on.
const host = "127.0.0.1"

// Server is a running PostgreSQL server with its directory.
type Server struct {
	installation *Installation
	dir          string
	record       record
	process      *process

	lock     *os.File // on the directory, while the server runs
	stopOnce sync.Once
	stopErr  error
	reading  sync.RWMutex // read-locked while a restore reads the backup and the archive
}

// Role is a login.
type Role struct{ Name, Password string }

// Create makes a server in dir, whose parent exists, and starts it. The admin may create databases and roles, but is no
// superuser.
func (i *Installation) Create(ctx context.Context, dir string, admin Role) (_ *Server, err error) {
	s, err := i.claim(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("make a PostgreSQL server: %w", err)
	}
	defer s.undo(ctx, &err)
	if err := i.prepare(ctx, dir); err != nil {
		return nil, err
	}
	// The template is a cluster that was shut down cleanly, so it is also the base backup of each server that is copied
	// from it.
	err = i.account.stageDir(s.path(dataName), func(f *stagedDir) error { return f.unpack(ctx, bytes.NewReader(i.template.data)) })
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(s.path(baseName), i.template.data, 0o600); err != nil {
		return nil, err
	}
	s.record = record{
		Version: i.version, Admin: admin.Name,
		SuperuserPassword: i.template.password, ApplicationPassword: randomPassword(),
	}
	if s.process, err = s.run(ctx, 0); err != nil {
		return nil, err
	}
	if err := s.createRoles(ctx, admin); err != nil {
		return nil, err
	}
	return s, s.complete()
}

// complete writes the record, which marks the directory as a server. From then on the server can be restored.
func (s *Server) complete() error {
	s.record.Port = s.process.port
	s.record.RestorableSince = time.Now().UTC().Truncate(time.Microsecond).Add(time.Microsecond)
	return s.record.write(s.dir)
}

// undo removes a server if making it has failed.
func (s *Server) undo(ctx context.Context, failure *error) {
	if *failure == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	*failure = errors.Join(*failure, s.stop(ctx, syscall.SIGQUIT), s.installation.Remove(ctx, s.dir))
}

// Open starts the server in dir again after a Stop, a crash, or the end of the process that ran it. The server keeps
// its port if that is free. The error wraps fs.ErrNotExist if dir holds no complete server.
func (i *Installation) Open(ctx context.Context, dir string) (_ *Server, err error) {
	r, err := readRecord(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no PostgreSQL server in %s: %w", dir, err)
	}
	if err != nil {
		return nil, err
	}
	if _, major := parseVersion(r.Version); major != i.major {
		return nil, fmt.Errorf("the server in %s was made by PostgreSQL %s; %s is version %s and cannot read it", dir, r.Version, i.bin, i.version)
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	s := &Server{installation: i, dir: dir, record: r, lock: lock}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(context.WithoutCancel(ctx), syscall.SIGQUIT))
		}
	}()
	if err := endProcessesIn(ctx, s.path(dataName)); err != nil {
		return nil, err
	}
	if s.process, err = s.run(ctx, r.Port); err != nil {
		return nil, err
	}
	if err := s.lockHostRoles(ctx); err != nil {
		return nil, err
	}
	s.record.Port = s.process.port
	return s, s.record.write(dir)
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// Host is the address that the server listens on.
func (s *Server) Host() string { return host }

// Port is the port that the server listens on.
func (s *Server) Port() int { return s.process.port }

// RestorableSince is the earliest instant that Restore accepts.
func (s *Server) RestorableSince() time.Time { return s.record.RestorableSince }

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// Err says why the server has crashed, with the end of its log. It is nil while the server runs, and after Stop.
func (s *Server) Err() error {
	select {
	case <-s.process.done:
	default:
		return nil
	}
	if s.process.stopping.Load() {
		return nil
	}
	return s.process.died()
}

// Stop shuts the server down cleanly without waiting for its sessions. Open starts it again.
func (s *Server) Stop(ctx context.Context) error { return s.stop(ctx, syscall.SIGINT) }

func (s *Server) stop(ctx context.Context, signal syscall.Signal) error {
	s.stopOnce.Do(func() {
		if s.process != nil {
			s.stopErr = s.process.end(ctx, signal)
		}
		s.stopErr = errors.Join(s.stopErr, unlock(s.lock))
	})
	return s.stopErr
}

// Remove stops the server and deletes its directory with all of its data.
func (s *Server) Remove() error {
	s.reading.Lock()
	defer s.reading.Unlock()
	ctx := context.Background()
	if err := s.stop(ctx, syscall.SIGQUIT); err != nil {
		return err
	}
	return s.installation.Remove(ctx, s.dir)
}
