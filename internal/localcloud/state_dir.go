// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stateDir is the folder of all that outlives the process. Only its owner can read the secrets in it.
type stateDir struct {
	path      string
	temporary bool
	lock      *os.File
}

// openStateDir makes or opens a state directory and locks it: two local clouds on one state would each undo what the
// other wrote.
//
// Database servers do not run as root. If this process does, it makes the folder traversable, so that they reach their
// own directories in it. They still cannot list it.
func openStateDir(path string, traversable bool) (*stateDir, error) {
	d := &stateDir{path: path, temporary: path == ""}
	var err error
	if d.temporary {
		d.path, err = os.MkdirTemp("", "dbos-localcloud-")
	} else if d.path, err = filepath.Abs(path); err == nil {
		err = os.MkdirAll(d.path, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	if err := d.open(traversable); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *stateDir) open(traversable bool) error {
	lock, err := os.OpenFile(d.file("lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	if err := lockFile(lock); err != nil {
		_ = lock.Close()
		d.temporary = false
		return fmt.Errorf("state directory %s is in use by another local cloud, which \"dbos-localcloud status --state-dir %s\" shows: %w", d.path, d.path, err)
	}
	d.lock = lock
	for _, folder := range []string{".dbos", "archives"} {
		if err := os.MkdirAll(d.file(folder), 0o700); err != nil {
			return fmt.Errorf("state directory: %w", err)
		}
	}
	if err := os.MkdirAll(d.file("instances"), 0o700); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	if !traversable {
		return nil
	}
	return errors.Join(allowTraversal(d.path), allowTraversal(d.file("instances")))
}

func allowTraversal(folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	return os.Chmod(folder, info.Mode().Perm()|0o011)
}

func (d *stateDir) file(name ...string) string {
	return filepath.Join(append([]string{d.path}, name...)...)
}

func (d *stateDir) close() error {
	var err error
	if d.lock != nil {
		// A child process that was just forked may keep the file open for some milliseconds more.
		err = errors.Join(unlockFile(d.lock), d.lock.Close())
	}
	if d.temporary { // only now, since Windows removes no open file
		err = errors.Join(err, os.RemoveAll(d.path))
	}
	return err
}

// writeFile replaces a file atomically, readable by its owner only. It returns when the file is on disk.
func writeFile(path string, content []byte) error {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncFolder(filepath.Dir(path))
}

// readFile returns nothing, and no error, for a file that is not there.
func readFile(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}
