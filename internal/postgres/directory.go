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

// The files in the directory of a server. The data and the archive belong to the account, the others to this process.
const (
	dataName   = "data"        // the cluster
	makingName = "template"    // where the template is made, by the first server of a process
	walName    = "wal"         // its archived log
	baseName   = "base.tar"    // the base backup
	recordName = "server.json" // written last: a directory without it is unfinished
	logName    = "server.log"
	lockName   = "lock" // held by the process that the server belongs to
)

// record holds what Open needs to start the server.
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

// claim locks a directory for a new server, and makes or empties it.
func (i *Installation) claim(ctx context.Context, dir string) (*Server, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if i.account != nil {
		// The account reaches the archive through this directory.
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

// clear empties the directory, unless it holds a server.
func (s *Server) clear(ctx context.Context) error {
	if _, err := os.Stat(s.path(recordName)); err == nil {
		return fmt.Errorf("there is a server in this directory already: %s", s.dir)
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

// lockDirectory makes sure that no other process runs a server there. Processes that still run in the directory are
// then leftovers. The system releases the lock when this process ends.
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

// unlock releases a lock explicitly. A child that is being forked has the file open as well, until it executes its
// program.
func unlock(lock *os.File) error {
	return errors.Join(syscall.Flock(int(lock.Fd()), syscall.LOCK_UN), lock.Close())
}

// endProcessesIn ends the processes that a killed process has left running on a data directory, and frees their shared
// memory. The caller holds the lock of the directory.
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

// endLeftOvers ends all processes that may still write below the directory of a server.
func endLeftOvers(ctx context.Context, dir string) error {
	return errors.Join(
		endProcessesIn(ctx, filepath.Join(dir, dataName)),
		endProcessesIn(ctx, filepath.Join(dir, makingName, dataName)),
	)
}

// Remove deletes the directory of a server and all of its data. A missing directory is no error.
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
	// Half removed, the directory must not look like a server.
	if err := os.Remove(filepath.Join(dir, recordName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The archiver may still finish a copy that it had begun.
	for range 3 {
		if err = os.RemoveAll(dir); err == nil {
			break
		}
	}
	return err
}
