// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux || darwin

package archive

import (
	"fmt"
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
	archive := archiveOf(t, r.open("even"))
	r.wantReads(2)
	if archive.Hash() != hashes[0] || r.hash("even") != hashes[0] {
		t.Errorf("the archive's hash is %s, want %s", archive.Hash(), hashes[0])
	}
	archiveOf(t, r.open("odd"))
	r.wantReads(2)
}

// TestSharedArchives packs a directory once for a hundred deployments at a time.
func TestSharedArchives(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	var group sync.WaitGroup
	archives := make([]*Archive, 100)
	for i := range archives {
		source := r.open(fmt.Sprint("app", i))
		group.Go(func() { archives[i] = archiveOf(t, source) })
	}
	group.Wait()
	r.wantReads(1)
	for i, a := range archives {
		got := unpack(t, readArchive(t, a))
		if want := fmt.Sprintf("name: app%d\nlanguage: node\n", i); got[configName].Content != want || got["main.js"].Content != "one" {
			t.Fatalf("the archive %d holds %v", i, got)
		}
	}
}

// TestHashAndPack reads the files for the hash, and not again for the archive.
func TestHashAndPack(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	hash, err := r.open("app").HashAndPack(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a := archiveOf(t, r.open("app")); a.Hash() != hash {
		t.Errorf("the archive's hash is %s, want %s", a.Hash(), hash)
	}
	r.wantReads(1)
	r.write("main.js", "two")
	if a := archiveOf(t, r.open("app")); a.Hash() == hash || unpack(t, readArchive(t, a))["main.js"].Content != "two" {
		t.Error("the archive holds the former file")
	}
	r.wantReads(2)
}

// TestForgotten forgets what was packed while an archive of it is still in use.
func TestForgotten(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	a := archiveOf(t, r.open("app"))
	r.shared.mu.Lock()
	r.shared.forget(nil)
	r.shared.mu.Unlock()
	if got := unpack(t, readArchive(t, a)); got["main.js"].Content != "one" {
		t.Errorf("the archive holds %v", got)
	}
	spool := a.content.spool
	if users := spool.users.Load(); users != 1 {
		t.Errorf("%d users of the spool, want the archive alone", users)
	}
	archiveOf(t, r.open("app"))
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

// TestYoung trusts no time of a file that could stay the same if the file changed again.
func TestYoung(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		changed time.Time
		age     time.Duration
		want    bool
	}{
		"a fine clock, just now":     {time.Unix(1000, 5), 10 * time.Millisecond, true},
		"a fine clock, a while ago":  {time.Unix(1000, 5), time.Second, false},
		"a coarse clock, just now":   {time.Unix(1000, 0), time.Second, true},
		"a coarse clock, long ago":   {time.Unix(1000, 0), 3 * time.Second, false},
		"a clock ahead of our clock": {time.Unix(1000, 5), -time.Hour, true},
	} {
		if got := young(test.changed, test.changed.Add(test.age)); got != test.want {
			t.Errorf("%s: young = %v, want %v", name, got, test.want)
		}
	}
}

// TestSharedYoung reads files again that were written moments ago.
func TestSharedYoung(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	info, err := os.Stat(filepath.Join(r.dir, "main.js"))
	if err != nil {
		t.Fatal(err)
	}
	r.shared.now = func() time.Time { return info.ModTime() }
	r.hash("app")
	r.hash("app")
	r.wantReads(2)
	if _, err := r.open("app").HashAndPack(t.Context()); err != nil {
		t.Fatal(err)
	}
	archiveOf(t, r.open("app"))
	r.wantReads(4)
}
