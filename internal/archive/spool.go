// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// spool holds the deflated content of files, so that an upload sends what was hashed and reads no file again. It is a
// temporary file that disappears when it is closed, or when the process ends, even by a kill. Many archives may share a
// spool. The last one to let go closes it.
type spool struct {
	file  *os.File
	size  atomic.Int64
	limit int64 // of what is stored
	users atomic.Int64
}

// piece is a part of a spool.
type piece struct{ at, size int64 }

// newSpool makes a spool with one user. Beyond its limit it stores nothing: such an archive is refused anyway.
func newSpool(limit int64) (*spool, error) {
	file, err := unnamedFile()
	if err != nil {
		return nil, noRoom(err)
	}
	s := &spool{file: file, limit: limit}
	s.hold()
	return s, nil
}

func (s *spool) hold() {
	if s != nil {
		s.users.Add(1)
	}
}

func (s *spool) letGo() {
	if s != nil && s.users.Add(-1) == 0 {
		_ = s.file.Close() // Nothing of it is needed any more.
	}
}

// add stores a piece. Many may add at once.
func (s *spool) add(content []byte) (piece, error) {
	p := piece{size: int64(len(content))}
	p.at = s.size.Add(p.size) - p.size
	if p.at+p.size > s.limit {
		return p, nil
	}
	if _, err := s.file.WriteAt(content, p.at); err != nil {
		return p, noRoom(err)
	}
	return p, nil
}

// reader reads pieces one after another.
func (s *spool) reader(pieces []piece) io.Reader {
	readers := make([]io.Reader, len(pieces))
	for i, p := range pieces {
		readers[i] = io.NewSectionReader(s.file, p.at, p.size)
	}
	return io.MultiReader(readers...)
}

func noRoom(err error) error {
	return fmt.Errorf("cannot store the archive in the temporary directory %s: %w; free space there, or set another directory in the environment variable TMPDIR (TMP on Windows)",
		os.TempDir(), reason(err))
}

// spooler counts what a compressor writes for one file. It stores that if it has a spool.
type spooler struct {
	spool  *spool // may be nil
	buffer []byte // not stored yet
	pieces []piece
	size   int64
}

func (s *spooler) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if s.spool == nil {
		return len(p), nil
	}
	s.buffer = append(s.buffer, p...)
	if len(s.buffer) < bufferSize {
		return len(p), nil
	}
	return len(p), s.flush()
}

func (s *spooler) flush() error {
	if len(s.buffer) == 0 {
		return nil
	}
	p, err := s.spool.add(s.buffer)
	s.pieces, s.buffer = append(s.pieces, p), s.buffer[:0]
	return err
}

// next begins another file.
func (s *spooler) next() {
	s.buffer, s.pieces, s.size = s.buffer[:0], nil, 0
}
