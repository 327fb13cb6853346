// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The next start removes the folder of a migration during which the local cloud was killed, and leaves those of other
// local clouds.
func TestOpenRemovesFoldersOfMigrations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	killed, err := startPostgres(t, dir).temporaryFolder(sandboxUser(t))
	if err != nil {
		t.Fatal(err)
	}
	other, err := startPostgres(t, t.TempDir()).temporaryFolder(sandboxUser(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(other) })
	if err := os.MkdirAll(filepath.Join(killed, "cache", "module"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(killed, "cache"), 0o500); err != nil {
		t.Fatal(err)
	}
	startPostgres(t, dir)
	if _, err := os.Stat(killed); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left behind", killed)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

// The next start ends the processes that a killed local cloud has left running.
func TestOpenEndsProcessesOfMigrations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, sandbox := startPostgres(t, dir), sandboxUser(t)
	folder, err := b.temporaryFolder(sandbox)
	if err != nil {
		t.Fatal(err)
	}
	if err := sandbox.Chown(folder); err != nil {
		t.Fatal(err)
	}
	left := exec.CommandContext(t.Context(), "sleep", "300")
	left.Dir, left.Env = folder, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder}
	if err := sandbox.Start(left); err != nil {
		t.Fatal(err)
	}
	startPostgres(t, dir)
	ended := make(chan struct{})
	go func() {
		_ = left.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the process goes on")
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left behind", folder)
	}
}

// The folder of a migration that runs as a user of its own is also among the temporary files of that user.
func TestDiskUsageCountsAFileOnce(t *testing.T) {
	t.Parallel()
	b, sandbox := startPostgres(t, t.TempDir()), sandboxUser(t)
	folder, err := b.temporaryFolder(sandbox)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.cleanUp(context.WithoutCancel(t.Context()), sandbox, folder) })
	const size = 1 << 20
	if err := os.WriteFile(filepath.Join(folder, "file"), bytes.Repeat([]byte("x"), size), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := giveTo(sandbox, folder); err != nil {
		t.Fatal(err)
	}
	if used := diskUsage(sandbox, folder); used < size || used >= 2*size {
		t.Errorf("%d bytes are in use, want about %d", used, size)
	}
}
