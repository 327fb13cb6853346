// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux || darwin

package archive

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// reader opens a directory as one process does many times, at a time of choice, and counts the files that are read.
type reader struct {
	t      *testing.T
	dir    string
	shared *readings
	mu     sync.Mutex
	reads  map[string]int
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{t: t, dir: t.TempDir(), reads: map[string]int{}}
	r.shared = &readings{now: func() time.Time { return time.Now().Add(time.Hour) }, reads: func(name string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.reads[name]++
	}}
	r.write("package.json", "{}")
	r.write("dbos-config.yaml", "name: ${NAME}\nlanguage: node\n")
	r.write("main.js", "one")
	return r
}

func (r *reader) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reader) open(name string) *Source {
	r.t.Helper()
	s, err := Open(r.t.Context(), r.dir, Options{Variables: map[string]string{"NAME": name}})
	if err != nil {
		r.t.Fatal(err)
	}
	s.shared = r.shared
	return s
}

func (r *reader) hash(name string) string {
	r.t.Helper()
	hash, err := r.open(name).Hash(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return hash
}

func (r *reader) wantReads(want int) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := r.reads["main.js"]; got != want {
		r.t.Fatalf("main.js was read %d times, want %d", got, want)
	}
}

// TestShared reads a directory once for a hundred deployments at a time, each with a configuration of its own.
func TestShared(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	var group sync.WaitGroup
	hashes := make([]string, 100)
	for i := range hashes {
		source := r.open([]string{"even", "odd"}[i%2])
		group.Go(func() { hashes[i], _ = source.Hash(t.Context()) })
	}
	group.Wait()
	r.wantReads(1)
	for i, hash := range hashes {
		if hash == "" || hash != hashes[i%2] || hashes[0] == hashes[1] {
			t.Fatalf("the hash %d is %q, after %q and %q", i, hash, hashes[0], hashes[1])
		}
	}

	// An archive needs more than a hash, which serves hashes as well.
	archive, err := r.open("even").Archive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.wantReads(2)
	if archive.Hash() != hashes[0] || r.hash("even") != hashes[0] {
		t.Errorf("the archive's hash is %s, want %s", archive.Hash(), hashes[0])
	}
	if _, err := r.open("odd").Archive(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.wantReads(2)
}

// TestSharedChanges reads what has changed, however alike it looks.
func TestSharedChanges(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	first := r.hash("app")
	path := filepath.Join(r.dir, "main.js")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	r.write("main.js", "two") // of the same size, and then with the same time
	if err := os.Chtimes(path, time.Time{}, before.ModTime()); err != nil {
		t.Fatal(err)
	}
	second := r.hash("app")
	r.wantReads(2)
	r.write("more.js", "new")
	third := r.hash("app")
	r.wantReads(3)
	if err := os.Remove(filepath.Join(r.dir, "more.js")); err != nil {
		t.Fatal(err)
	}
	if first == second || second == third || r.hash("app") != second {
		t.Errorf("the hashes are %s, %s and %s", first, second, third)
	}
}

// TestSharedYoung reads a file again that was written moments ago: its times would not tell another write.
func TestSharedYoung(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.shared.now = time.Now
	r.hash("app")
	r.hash("app")
	r.wantReads(2)
}
