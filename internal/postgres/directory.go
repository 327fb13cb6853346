// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// What stands in the directory of a server. The account owns the data and the archive; all else is this process's own.
const (
	dataName   = "data"        // the cluster
	makingName = "template"    // where the process's first server is being made
	walName    = "wal"         // its archived log
	baseName   = "base.tar"    // the base backup
	recordName = "server.json" // written last: a directory without it is unfinished
	logName    = "server.log"
	lockName   = "lock" // held by the process that the server belongs to
)

// ErrExists is wrapped when a server is to be made where there is one.
var ErrExists = errors.New("there is a server in this directory already")

// record is what has to be known to start a server again.
type record struct {
	Version             string    `json:"version"`
	Port                int       `json:"port"`
	Admin               string    `json:"admin"`
	SuperuserPassword   string    `json:"superuser_password"`
	ApplicationPassword string    `json:"application_password"`
	RestorableSince     time.Time `json:"restorable_since"`
}

func readRecord(dir string) (record, error) {
	var r record
	content, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return r, fmt.Errorf("%s: %w", filepath.Join(dir, recordName), err)
	}
	return r, nil
}

func (r record) write(dir string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, recordName)
	if err := os.WriteFile(path+".tmp", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// claim takes a directory for a new server: one that does not exist, or what an attempt that was cut off has left.
func (i *Installation) claim(ctx context.Context, dir string) (*Server, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if i.account != nil {
		// The archive is reached from the data directory, through this one.
		if err := os.Chmod(dir, 0o711); err != nil {
			return nil, err
		}
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	s := &Server{installation: i, dir: dir, lock: lock}
	if err := s.clear(ctx); err != nil {
		return nil, errors.Join(err, unlock(lock))
	}
	return s, nil
}

// clear makes the directory an empty one, unless it holds a server.
func (s *Server) clear(ctx context.Context) error {
	if _, err := os.Stat(s.path(recordName)); err == nil {
		return fmt.Errorf("%w: %s", ErrExists, s.dir)
	}
	if err := endLeftOvers(ctx, s.dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == lockName {
			continue
		}
		if err := os.RemoveAll(s.path(entry.Name())); err != nil {
			return err
		}
	}
	return s.installation.account.mkdir(s.path(walName))
}

// lockDirectory makes sure that no other process has a server there, so that whatever runs in the directory is a
// left-over. The system takes the lock back when this process ends.
func lockDirectory(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use by a running process: %w", dir, err), lock.Close())
	}
	return lock, nil
}

// unlock gives a lock back, also in the name of a process that is just being started: until it becomes another program,
// it has all that this one has open.
func unlock(lock *os.File) error {
	return errors.Join(syscall.Flock(int(lock.Fd()), syscall.LOCK_UN), lock.Close())
}

// endProcessesIn ends what a killed process has left running on a data directory, and frees what a killed server has
// left in memory. The caller holds the directory's lock.
func endProcessesIn(ctx context.Context, data string) error {
	const timeout = 5 * time.Second
	start := time.Now()
	for {
		pids, err := processesIn(data)
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			return freeMemory(data)
		}
		signal := syscall.SIGQUIT
		if time.Since(start) > timeout {
			signal = syscall.SIGKILL
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("end the process %d, which an earlier run has left in %s: %w", pid, data, err)
			}
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// endLeftOvers ends all that may still write below a server's directory: a server, or what has been making one.
func endLeftOvers(ctx context.Context, dir string) error {
	return errors.Join(
		endProcessesIn(ctx, filepath.Join(dir, dataName)),
		endProcessesIn(ctx, filepath.Join(dir, makingName, dataName)),
	)
}

// Remove deletes a server's directory and all of its data. It is no error if there is none.
func (i *Installation) Remove(ctx context.Context, dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return err
	}
	defer func() { _ = unlock(lock) }()
	if err := endLeftOvers(ctx, dir); err != nil {
		return err
	}
	// Cut off half-way, it must not look like a server.
	if err := os.Remove(filepath.Join(dir, recordName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// A copy that the archiver had begun may still appear.
	for range 3 {
		if err = os.RemoveAll(dir); err == nil {
			break
		}
	}
	return err
}
