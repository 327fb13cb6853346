// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// A restore takes no file but the servers' own from the source's directory, and nothing that others put there makes it
// hang.
func TestRestoreTakesOnlyTheServersFiles(t *testing.T) {
	t.Parallel()
	const segment = "00000001000000000000FFFF"
	plants := map[string]struct {
		plant func(t *testing.T, dir, secret string) error
		want  string
	}{
		"a link in the archive": {func(_ *testing.T, dir, secret string) error {
			return os.Symlink(secret, filepath.Join(dir, "wal", segment))
		}, segment},
		"a link that stays in the archive": {func(_ *testing.T, dir, _ string) error {
			return os.Symlink("000000010000000000000001", filepath.Join(dir, "wal", segment))
		}, segment},
		"a pipe in the archive": {func(_ *testing.T, dir, _ string) error {
			return syscall.Mkfifo(filepath.Join(dir, "wal", segment), 0o666)
		}, "not a regular file"},
		"a folder in the archive": {func(_ *testing.T, dir, _ string) error {
			return os.Mkdir(filepath.Join(dir, "wal", segment), 0o700)
		}, "not a regular file"},
		"a file of another user in the archive": {func(t *testing.T, dir, secret string) error {
			t.Helper()
			if os.Geteuid() != 0 { // who cannot make one
				secret = "/etc/passwd"
				return os.Symlink(secret, filepath.Join(dir, "wal", segment))
			}
			return os.Link(secret, filepath.Join(dir, "wal", segment))
		}, segment},
		"a huge file in the archive": {func(t *testing.T, dir, _ string) error {
			t.Helper()
			huge := filepath.Join(dir, "wal", segment)
			if err := os.WriteFile(huge, nil, 0o600); err != nil {
				return err
			}
			return errors.Join(os.Truncate(huge, 1<<40), asServers(t, dir, huge))
		}, "larger than a log file"},
	}
	s, dir := create(t)
	secret := filepath.Join(filepath.Dir(dir), "secret")
	if err := os.WriteFile(secret, []byte("nobody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range plants {
		if err := test.plant(t, dir, secret); err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(t.TempDir(), "restored")
		restored, err := s.Restore(t.Context(), time.Now(), target)
		if err == nil {
			removeLater(t, restored)
			t.Fatalf("the restore took %s", name)
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("after %s the restore says %v, want %q", name, err, test.want)
		}
		if exists(target) {
			t.Errorf("after %s the failed restore leaves a directory behind", name)
		}
		if err := os.RemoveAll(filepath.Join(dir, "wal", segment)); err != nil {
			t.Fatal(err)
		}
	}
	restore(t, s, time.Now())
}

// asServers gives a file to the owner of the data.
func asServers(t *testing.T, dir, path string) error {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known {
		t.Fatal("the owner of the data is not known")
	}
	return os.Lchown(path, int(owner.Uid), int(owner.Gid))
}

// A restore from an ended source does not follow a link that replaces its log folder.
func TestRestoreFollowsNoLinkOfAnEndedSource(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	log := filepath.Join(dir, "data", "pg_wal")
	if err := errors.Join(os.Rename(log, filepath.Join(outside, "log")), os.Symlink(filepath.Join(outside, "log"), log)); err != nil {
		t.Fatal(err)
	}
	restored, err := s.Restore(t.Context(), time.Now(), filepath.Join(t.TempDir(), "restored"))
	if err == nil {
		removeLater(t, restored)
		t.Fatal("the restore left the source's directory")
	}
	if !strings.Contains(err.Error(), "pg_wal") {
		t.Error(err)
	}
}

// A restore never writes through a link that somebody keeps putting in the place of a file: nobody else can enter the
// directory while it is being filled.
func TestRestoreWritesThroughNoLink(t *testing.T) {
	t.Parallel()
	s, _ := create(t)
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "restored")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.Symlink(victim, filepath.Join(target, "data", "recovery.signal"))
				_ = os.Symlink(victim, filepath.Join(target, "data", "pg_wal", "archive_status", "000000010000000000000001.done"))
			}
		}
	}()
	restored, err := s.Restore(t.Context(), time.Now(), target)
	close(stop)
	<-stopped
	if err == nil {
		removeLater(t, restored)
	}
	if content, err := os.ReadFile(victim); err != nil || string(content) != "precious" {
		t.Errorf("the victim holds %q, %v", content, err)
	}
}

// Open does not hang at a named pipe in the place of the PID file.
func TestOpenWithAPipeAsPIDFile(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(dir, "data", "postmaster.pid")
	if err := syscall.Mkfifo(note, 0o666); err != nil {
		t.Fatal(err)
	}
	connect(t, open(t, dir), alice, "")
}

// A source that cannot archive delays a restore for the timeout of that step only.
func TestRestoreWithStuckArchive(t *testing.T) {
	t.Parallel()
	s, dir := create(t)
	postgres.HurryArchive(s, 300*time.Millisecond)
	archive := filepath.Join(dir, "wal")
	if err := errors.Join(os.RemoveAll(archive), os.WriteFile(archive, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "restored")
	begun := time.Now()
	if _, err := s.Restore(t.Context(), time.Now(), target); err == nil || !strings.Contains(err.Error(), "was not archived") {
		t.Errorf("the restore says %v", err)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("the restore took %s", took)
	}
	if exists(target) {
		t.Error("the failed restore leaves a directory behind")
	}
}
