// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// entry is a file of the archive.
type entry struct {
	name       string // within the archive
	path       string // on disk; "" for the configuration, which has content
	content    []byte
	executable bool
	size       int64
}

// length is the size of the content, as far as the walk tells.
func (e entry) length() int64 { return max(e.size, int64(len(e.content))) }

// walker collects the files of a directory. It follows links that stay within the directory and form no circle.
type walker struct {
	ctx     context.Context // of one walk
	root    string
	ignored *ignoreList
	entries []entry
	dead    []string
	above   []string // real paths of the directories that are being walked
}

func (w *walker) walk() error {
	return w.directory("", w.root)
}

// directory walks a directory. Its name is relative to the root; its real path may be elsewhere below the root.
func (w *walker) directory(name, resolved string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	w.above = append(w.above, resolved)
	defer func() { w.above = w.above[:len(w.above)-1] }()
	children, err := os.ReadDir(resolved)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read the directory %q: %w", cmp.Or(name, "."), reason(err))
	}
	for _, child := range children {
		if err := w.child(path.Join(name, child.Name()), filepath.Join(resolved, child.Name()), child); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) child(name, at string, child fs.DirEntry) error {
	switch {
	case child.Type()&fs.ModeSymlink != 0:
		return w.link(name, at)
	case child.IsDir():
		if w.skips(name, true) {
			return nil
		}
		return w.directory(name, at)
	case !child.Type().IsRegular() || w.skips(name, false):
		return nil
	}
	info, err := child.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", name, reason(err))
	}
	return w.file(name, at, info)
}

// link follows a link. A link that is left out may lead anywhere.
func (w *walker) link(name, at string) error {
	if w.skips(name, true) && w.skips(name, false) {
		return nil
	}
	info, err := os.Stat(at)
	var resolved string
	if err == nil {
		resolved, err = filepath.EvalSymlinks(at)
	}
	if err != nil {
		if !w.skips(name, false) {
			w.dead = append(w.dead, name)
		}
		return nil // A dead link is reported, not refused.
	}
	if !info.IsDir() && !info.Mode().IsRegular() || w.skips(name, info.IsDir()) {
		return nil
	}
	if !within(resolved, w.root) {
		return fmt.Errorf("%q is a link that leads out of the source directory, to %s; replace it with a copy or list it in %s", name, resolved, ignoreFile)
	}
	if !info.IsDir() {
		return w.file(name, resolved, info)
	}
	for _, above := range w.above {
		if within(above, resolved) {
			return fmt.Errorf("%q is a link to a directory above itself and would be followed for ever; remove it or list it in %s", name, ignoreFile)
		}
	}
	return w.directory(name, resolved)
}

// skips tells whether a file or directory is left out.
func (w *walker) skips(name string, directory bool) bool {
	base := path.Base(name)
	if alwaysIgnored(base, directory) || terraformOwn(base, directory) {
		return true
	}
	if directory {
		return w.ignored.directory(name)
	}
	return w.ignored.file(name)
}

func (w *walker) file(name, at string, info fs.FileInfo) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("the file name %q is not UTF-8 text; rename it or its directory, or list it in %s", name, ignoreFile)
	}
	// The CLI turns backslashes into slashes, on any system.
	inArchive := strings.ReplaceAll(name, `\`, "/")
	if inArchive != name && !fs.ValidPath(inArchive) {
		return fmt.Errorf("the file name %q has a backslash and cannot be deployed; rename it or list it in %s", name, ignoreFile)
	}
	w.entries = append(w.entries, entry{
		name: inArchive, path: at, executable: info.Mode()&0o100 != 0, size: info.Size(),
	})
	return nil
}

// within tells whether a real path is a directory or below it.
func within(resolved, directory string) bool {
	relative, err := filepath.Rel(directory, resolved)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// sort sorts the entries by the bytes of their names, and refuses duplicates.
func (s *Source) sort() error {
	slices.SortFunc(s.entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	slices.Sort(s.deadLinks)
	for i := 1; i < len(s.entries); i++ {
		a, b := s.entries[i-1].name, s.entries[i].name
		if a == b {
			return fmt.Errorf("two files would be deployed under the name %q, one of them with backslashes in its name", a)
		}
	}
	return nil
}

// reason is the cause of a file error, without the path.
func reason(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
