// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"archive/zip"
	"bytes"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// tree makes a directory with files. A value that begins with "-> " is a link, one that begins with "#!" an executable
// file.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	addTo(t, dir, files)
	return dir
}

// inASecond tells whether something takes less than a second, at least once in three times. The machine may stall.
func inASecond(do func()) bool {
	for range 3 {
		begun := time.Now()
		if do(); time.Since(begun) < time.Second {
			return true
		}
	}
	return false
}

// modes tells whether this system knows which files are programs. Windows does not.
const modes = runtime.GOOS != "windows"

// nameable leaves out the files that this system has no names for.
func nameable(files map[string]string) map[string]string {
	if runtime.GOOS == "windows" {
		maps.DeleteFunc(files, func(name, _ string) bool {
			return strings.ContainsAny(name, "\n\"\\:*?<>|") || strings.HasSuffix(name, ".") || !utf8.ValidString(name)
		})
	}
	return files
}

// addTo makes the links last: Windows has one kind for files and another for directories.
func addTo(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	links := map[string]string{}
	for name, content := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, isLink := strings.CutPrefix(content, "-> "); isLink {
			links[at] = target
			continue
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(content, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(at, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	for at, target := range links {
		if err := os.Symlink(target, at); err != nil {
			t.Fatal(err)
		}
	}
}

// nodeApp adds the files that every node application has.
func nodeApp(files map[string]string) map[string]string {
	all := map[string]string{configName: "name: app\nlanguage: node\n", "package.json": "{}\n"}
	maps.Copy(all, files)
	return all
}

func open(t *testing.T, dir string) *Source {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hashOf(t *testing.T, s *Source) string {
	t.Helper()
	hash, err := s.Hash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// pack returns the bytes of a source's archive, after checking its size and its hash.
func pack(t *testing.T, s *Source) []byte {
	t.Helper()
	a := archiveOf(t, s)
	content := readArchive(t, a)
	if int64(len(content)) != a.Size() {
		t.Errorf("the archive has %d bytes, Size says %d", len(content), a.Size())
	}
	if a.Hash() != hashOf(t, s) {
		t.Error("the hashes of the archive and its source differ")
	}
	return content
}

// archiveOf makes an archive that is closed at the end of the test.
func archiveOf(t *testing.T, s *Source) *Archive {
	t.Helper()
	a, err := s.Archive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func readArchive(t *testing.T, a *Archive) []byte {
	t.Helper()
	r, err := a.Open()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return content
}

// unpacked is a file of an archive as an application sees it.
type unpacked struct {
	Content    string
	Executable bool
}

// unpack reads an archive with the standard library, which checks all checksums.
func unpack(t *testing.T, content []byte) map[string]unpacked {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]unpacked{}
	for _, f := range archive.File {
		if f.Mode().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = unpacked{string(content), f.Mode()&0o100 != 0}
	}
	return files
}

func names(files map[string]unpacked) []string {
	return slices.Sorted(maps.Keys(files))
}
