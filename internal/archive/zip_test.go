// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func stableTree() map[string]string {
	return nodeApp(map[string]string{
		"b": "b", "a/z": "", "a/b/c": "#!/bin/sh\n", "a-b": "-", "a.b": ".", "é": "é",
		"text": strings.Repeat("compressible ", 20_000), "random": string(random(300_000)), "link": "-> a/b",
	})
}

// random returns the same bytes on every machine.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// These change with the format of the hash or the archive. A new hash makes every application look changed; a new
// archive is harmless.
const (
	stableHash    = "25e5c174ad9f2c3b0a7e94b01b06fd2aec669ef8a624b10dfb4327fc2f7f92e4"
	stableArchive = "961dcd7d1cac2e95051896b88b4f28a66de203e5848816b3b3363f1f5f70fa78"
	// Where no file is known to be a program, as on Windows.
	plainHash    = "b01b5ffa07d47f0dc18deaa32f15bb499bbd7b0103ac05a8a3c4bad68aea1ce4"
	plainArchive = "a471ee6d90088883201db645f425af42bcfc257c54b5cf8c1c99fe854404c26c"
)

func TestSameContentSameBytes(t *testing.T) {
	t.Parallel()
	const asWindowsHasIt = "as Windows has it"
	for name, change := range map[string]func(t *testing.T, dir string){
		"as it is": func(*testing.T, string) {},
		asWindowsHasIt: func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Chmod(filepath.Join(dir, "a/b/c"), 0o666); err != nil {
				t.Error(err)
			}
		},
		"other times": func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Chtimes(filepath.Join(dir, "b"), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Error(err)
			}
		},
		"other mode bits": func(t *testing.T, dir string) {
			t.Helper()
			for name, mode := range map[string]os.FileMode{"b": 0o666, "a-b": 0o400, "a/b/c": 0o700, "a": 0o700} {
				if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
					t.Error(err)
				}
			}
		},
		"another order and ignored files": func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Rename(filepath.Join(dir, "b"), filepath.Join(dir, "node_modules")); err != nil {
				t.Error(err)
			}
			addTo(t, dir, map[string]string{"b": "b", "dist/x": "", "terraform.tfstate": "", "empty/dist/x": ""})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, stableTree())
			change(t, dir)
			wantHash, wantArchive := stableHash, stableArchive
			if name == asWindowsHasIt || !modes {
				wantHash, wantArchive = plainHash, plainArchive
			}
			s := open(t, dir)
			if got := hashOf(t, s); got != wantHash {
				t.Errorf("the hash is %s, want %s", got, wantHash)
			}
			sum := sha256.Sum256(pack(t, s))
			if got := hex.EncodeToString(sum[:]); got != wantArchive {
				t.Errorf("the archive's hash is %s, want %s", got, wantArchive)
			}
		})
	}
}

func TestEveryDifferenceChangesTheHash(t *testing.T) {
	t.Parallel()
	hashes := map[string]string{}
	for name, files := range map[string]map[string]string{
		"base": {}, "content": {"a": "A"}, "name": {"b": "a", "a": ""}, "mode": {"a": "a", "x": "#!"},
		"no mode": {"a": "a", "x": "#"}, "more": {"a": "a", "c": ""}, "moved": {"d/a": "a"}, "config": {configName: "name: other\nlanguage: node\n"},
	} {
		files := nodeApp(files)
		if files["a"] == "" && name != "name" && name != "moved" {
			files["a"] = "a"
		}
		hash := hashOf(t, open(t, tree(t, files)))
		if other, taken := hashes[hash]; taken {
			t.Errorf("%s and %s have the same hash", name, other)
		}
		hashes[hash] = name
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	content := pack(t, open(t, tree(t, stableTree())))
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, f := range archive.File {
		order = append(order, f.Name)
		wantMode := os.FileMode(0o644)
		wantMethod := zip.Store
		switch f.Name {
		case "a/", "a/b/", "link/":
			wantMode = 0o755 | os.ModeDir
		case "a/b/c", "link/c":
			if modes {
				wantMode = 0o755
			}
		case "text":
			wantMethod = zip.Deflate
		}
		if f.Mode() != wantMode {
			t.Errorf("%s has the mode %v, want %v", f.Name, f.Mode(), wantMode)
		}
		if f.Method != wantMethod {
			t.Errorf("%s is packed by %d, want %d", f.Name, f.Method, wantMethod)
		}
		if f.Flags != 1<<11 || len(f.Extra) > 0 || !f.Modified.Equal(time.Date(1980, 2, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s has the flags %x, the extra %x and the time %v", f.Name, f.Flags, f.Extra, f.Modified)
		}
	}
	want := []string{"a-b", "a.b", "a/", "a/b/", "a/b/c", "a/z", "b", configName, "link/", "link/c", "package.json", "random", "text", "é"}
	if !slices.Equal(order, want) {
		t.Errorf("the order is %q\nwant         %q", order, want)
	}
}

func TestArchiveCanBeReadAgainAndLeft(t *testing.T) {
	t.Parallel()
	a := archiveOf(t, open(t, tree(t, stableTree())))
	left, err := a.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(left, make([]byte, 100)); err != nil {
		t.Error(err)
	}
	if err := left.Close(); err != nil {
		t.Error(err)
	}
	if _, err := left.Read(make([]byte, 1)); err == nil {
		t.Error("a closed reader can be read")
	}
	if first, second := readArchive(t, a), readArchive(t, a); !bytes.Equal(first, second) {
		t.Error("a second reading differs")
	}
}

// TestWhatWasReadIsSent changes a file after it was read: the archive stays what its hash says.
func TestWhatWasReadIsSent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(at string) error{
		"same length": func(at string) error { return os.WriteFile(at, []byte("B"), 0o600) },
		"longer":      func(at string) error { return os.WriteFile(at, random(100_000), 0o600) },
		"gone":        os.Remove,
		"a directory": func(at string) error { return errors.Join(os.Remove(at), os.Mkdir(at, 0o755)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, stableTree())
			a := archiveOf(t, open(t, dir))
			want := readArchive(t, a)
			if err := change(filepath.Join(dir, "b")); err != nil {
				t.Fatal(err)
			}
			if got := readArchive(t, a); !bytes.Equal(got, want) {
				t.Error("the archive changed with the file")
			}
			if hashOf(t, open(t, dir)) == a.Hash() {
				t.Error("the changed files have the same hash")
			}
		})
	}
}

// growing is a file that gets longer while it is being read.
type growing struct {
	*os.File
	path string
}

func (g *growing) Read(p []byte) (int, error) {
	if err := os.WriteFile(g.path, []byte("longer than before"), 0o600); err != nil {
		return 0, err
	}
	return g.File.Read(p)
}

func TestAFileThatIsWrittenWhileItIsReadIsNoticed(t *testing.T) {
	t.Parallel()
	at := filepath.Join(tree(t, map[string]string{"f": "short"}), "f")
	e := entry{name: "f", path: at}
	file, before, err := e.open()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // It was only read.
	f, ok := file.(*os.File)
	if !ok {
		t.Fatal("not a file")
	}
	content, err := io.ReadAll(&growing{f, at})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.unchanged(file, before, int64(len(content))); err == nil || !strings.Contains(err.Error(), `"f" changed while it was being read`) {
		t.Errorf("unchanged = %v", err)
	}
}

func TestSizeLimit(t *testing.T) {
	t.Parallel()
	dir := tree(t, nodeApp(map[string]string{"random": string(random(3 << 20)), "text": strings.Repeat("x", 10<<20)}))
	for _, tc := range []struct {
		limit int64
		want  string
	}{
		{20 << 20, ""},
		{4 << 20, ""}, // The text is packed to almost nothing.
		{1 << 20, "the application is too large: its archive would have 3.0 MB, and the service takes up to 1.0 MB"},
		{2 << 20, "the application is too large: its archive would have 3.0 MB, and the service takes up to 2.0 MB"},
	} {
		s := open(t, dir)
		if s.limit != sizeLimit {
			t.Errorf("the limit is %d", s.limit)
		}
		s.limit = tc.limit
		a, err := s.Archive(t.Context())
		if a != nil {
			a.Close()
		}
		for what, err := range map[string]error{"Archive": err, "CheckSize": s.CheckSize(t.Context())} {
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s with a limit of %d = %v, want %q", what, tc.limit, err, tc.want)
			}
		}
	}
}

func TestMemoryIsBounded(t *testing.T) { //nolint:paralleltest // It measures the whole process.
	dir := tree(t, nodeApp(map[string]string{"random": string(random(32 << 20)), "text": strings.Repeat("some text ", 6<<20)}))
	before := inUse()
	r, err := archiveOf(t, open(t, dir)).Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // Nothing is left to lose.
	buffer := make([]byte, 64<<10)
	var most uint64
	for i := 0; err == nil; i++ {
		if i%64 == 0 {
			most = max(most, inUse())
		}
		_, err = io.ReadFull(r, buffer)
	}
	if grown := (int64(most) - int64(before)) >> 20; grown > 10 {
		t.Errorf("packing took %d MB of memory", grown)
	}
}

// inUse is the size of the reachable memory.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
