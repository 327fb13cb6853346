// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestNothingIsLeftBehind looks for the temporary file of an archive.
func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	a, err := open(t, tree(t, stableTree())).Archive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" { // Windows shows the name until the file is closed, also by the end of the process.
		wantEmpty(t, dir)
	}
	a.Close()
	wantEmpty(t, dir)
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("%v, %v in %s, want nothing", files, err, dir)
	}
}

func TestNoTemporaryDirectory(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	t.Setenv("TMP", missing)
	_, err := open(t, tree(t, stableTree())).Archive(t.Context())
	if err == nil || !strings.Contains(err.Error(), "cannot store the archive in the temporary directory "+missing) || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("Archive = %v, want an error with the way on", err)
	}
}
