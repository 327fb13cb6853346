// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestStateDirectoryThatIsClosed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root may write everywhere, and Windows knows no mode")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	for path, fault := range map[string]string{
		closed:                         "state directory: open " + filepath.Join(closed, "lock") + ": permission denied",
		filepath.Join(closed, "state"): "state directory: mkdir " + filepath.Join(closed, "state") + ": permission denied",
	} {
		s, err := Start(t.Context(), Options{Backend: "simulated", StateDir: path})
		if err == nil {
			_ = s.Close()
		}
		if err == nil || err.Error() != fault {
			t.Errorf("%v, want %s", err, fault)
		}
	}
}

func TestTwoLocalCloudsRunAtOnce(t *testing.T) {
	t.Parallel()
	one, two := start(t), start(t)
	provision(t, one, "abc")
	want(t, two, "GET", "databases", "", 200, "[]")
}

func TestTemporaryStateDirectoryIsRemoved(t *testing.T) {
	t.Parallel()
	s := start(t, in(""))
	if info, err := os.Stat(s.dir.path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info, err)
	}
	provision(t, s, "abc")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir.path); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", s.dir.path, err)
	}
}
