// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const diskIsFull = "no space left on device"

// fullDisk makes the next write of a file fail as on a full disk.
func fullDisk(t *testing.T, file string) {
	t.Helper()
	if err := os.Symlink("/dev/full", file+".new"); err != nil {
		t.Fatal(err)
	}
}

func TestFullDiskAtTheStart(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"state.json", ConnectionFile, ".dbos/credentials", caKeyFile, caFile} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, ".dbos"), 0o700); err != nil {
				t.Fatal(err)
			}
			fullDisk(t, filepath.Join(dir, file))
			s, err := Start(t.Context(), Options{Backend: "simulated", StateDir: dir, TLS: true})
			if err == nil {
				_ = s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, file)) || !strings.Contains(err.Error(), diskIsFull) {
				t.Errorf("%v", err)
			}
			// Once there is room again, no incomplete file is in the way.
			start(t, in(dir), overTLS)
		})
	}
}

func TestFullDiskAtAnAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	file := s.dir.file("state.json")
	fullDisk(t, file)
	// A link begins no work in the background, which could meet the full disk in the place of the answer.
	wantRefusal(t, s, "POST", "databases/byod", `{"Name":"abc","HostName":"db.example.com","Port":5432,"Password":"12345678"}`, 500,
		"internal error: save the state: write "+file+".new: "+diskIsFull)
	// A client that looks again finds what the call may have made.
	status, found := ask(t, s, "GET", "databases/userdb/info/abc", "")
	if status != 200 || !strings.Contains(found, `"Status":"available"`) {
		t.Errorf("%d %s", status, found)
	}
	s = restart(t, s)
	if _, err := os.Lstat(file + ".new"); !os.IsNotExist(err) {
		t.Errorf("what could not be written is left: %v", err)
	}
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, found)
}

// A real disk, which only root can mount, stays full for the state and for uploads.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	s := start(t, in(filepath.Join(disk, "state")))
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); err == nil {
		t.Fatal("the disk does not get full")
	}
	archive := appFiles{"dbos-config.yaml": "name: shop\n", "data": strings.Repeat("x", 32<<10)}.base64(t)
	for range 2 {
		for _, call := range []struct{ method, path, body string }{
			{"POST", "applications/shop", `{"application_archive":"` + archive + `"}`},
			{"PATCH", "applications/shop", `{"min_vms":1}`},
			{"GET", "databases", ""},
		} {
			if status, answer := ask(t, s, call.method, call.path, call.body); status != 500 || !strings.Contains(answer, diskIsFull) {
				t.Errorf("%s %s: %d %s", call.method, call.path, status, answer)
			}
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		deployed(t, s, "shop", appFiles{})
		s = restart(t, s)
		if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); err == nil {
			t.Fatal("the disk does not get full")
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if left := filesIn(t, s.dir.file("archives")); len(left) != 2 {
		t.Errorf("for two versions there is %q", left)
	}
}
