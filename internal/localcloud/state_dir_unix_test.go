// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localcloud

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Only the owner can read the files of the state directory.
func TestPermissions(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "state")
	s := start(t, in(dir))
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	deployed(t, s, "shop", appFiles{})
	restart(t, s, overTLS)
	seen := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		seen++
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s is %o", path, got)
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d files and folders: %v", seen, err)
	}
}

// A child process that is being started has a copy of every open file for a moment.
func TestLockIsReleasedThoughAnotherProcessHasTheFileOpen(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d, err := openStateDir(path, false)
	if err != nil {
		t.Fatal(err)
	}
	held, err := syscall.Dup(int(d.lock.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(held) })
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openStateDir(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}

func TestServersOfAnotherUserMayTraverseTheStateDirectory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	d, err := openStateDir(path, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	for folder, want := range map[string]fs.FileMode{path: 0o711, d.file("instances"): 0o711, d.file("archives"): 0o700, d.file(".dbos"): 0o700} {
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s is %v: %v", folder, info.Mode(), err)
		}
	}
}
