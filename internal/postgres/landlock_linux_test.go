// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// Even the superuser of a server reaches nothing outside the server's directories, neither by the server nor by a
// program that it runs.
func TestServerIsRestrictedToItsDirectories(t *testing.T) {
	t.Parallel()
	if postgres.LandlockVersion() == 0 {
		t.Skip("this kernel has no Landlock")
	}
	s, dir := create(t)
	neighbour, neighbourDir := create(t)
	outside, err := os.MkdirTemp("/var/tmp", "outside") //nolint:usetesting // t.TempDir is closed to others.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(outside) })
	secret, target := filepath.Join(outside, "secret"), filepath.Join(outside, "target")
	for path, mode := range map[string]os.FileMode{secret: 0o644, target: 0o666} {
		if err := os.WriteFile(path, []byte("kept"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	// The permissions of the file system allow everything, so that only Landlock refuses.
	for _, path := range []string{outside, filepath.Dir(dir), filepath.Dir(filepath.Dir(dir)), filepath.Dir(neighbourDir), filepath.Dir(filepath.Dir(neighbourDir))} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := postgres.Value(t.Context(), s, "SELECT pg_catalog.pg_read_file('PG_VERSION')"); err != nil {
		t.Errorf("the server does not read its own: %v", err)
	}
	attacks := map[string]string{
		"read":              fmt.Sprintf("SELECT pg_catalog.pg_read_file('%s')", secret),
		"read a neighbour":  fmt.Sprintf("SELECT pg_catalog.pg_read_file('%s')", filepath.Join(neighbourDir, "data", "PG_VERSION")),
		"write":             fmt.Sprintf("COPY (SELECT 1) TO '%s'", target),
		"make":              fmt.Sprintf("COPY (SELECT 1) TO '%s'", filepath.Join(outside, "made")),
		"read by a program": fmt.Sprintf("COPY (SELECT 1) TO PROGRAM 'cat %s'", secret),
		"make by a program": fmt.Sprintf("COPY (SELECT 1) TO PROGRAM 'touch %s'", filepath.Join(outside, "made")),
		"make a link":       "COPY (SELECT 1) TO PROGRAM 'ln -s /etc/passwd ../wal/000000010000000000000FFF'",
		"make a pipe":       "COPY (SELECT 1) TO PROGRAM 'mkfifo ../wal/000000010000000000000FFF'",
	}
	if postgres.LandlockVersion() >= 6 {
		attacks["signal a neighbour"] = fmt.Sprintf("COPY (SELECT 1) TO PROGRAM 'kill -s 0 %d'", postgres.PID(neighbour))
	}
	for name, statement := range attacks {
		if err := postgres.AsSuperuser(t.Context(), s, statement); err == nil {
			t.Errorf("%s: %s succeeds", name, statement)
		}
	}
	if content, err := os.ReadFile(target); err != nil || string(content) != "kept" {
		t.Errorf("the target holds %q, %v", content, err)
	}
	restore(t, s, time.Now())
}
