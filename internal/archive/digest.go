// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"
)

// level is between the compressor's fastest and its best. It packs nearly as well as zlib's usual level, at three times
// the speed.
const level = 5

// bufferSize is how much of a file is read at a time, by each worker.
const bufferSize = 256 << 10

// digest is the result of reading a file.
type digest struct {
	sum      [sha256.Size]byte
	crc      uint32
	size     int64
	deflated int64   // 0 before it is measured
	pieces   []piece // where the deflated content is, once it is packed
}

// effort says what a reading finds out. Each effort includes the ones before it.
type effort int

const (
	hashed   effort = iota
	measured        // how large the files are once deflated
	packed          // their deflated content
)

// content is what a reading of all files has found out.
type content struct {
	effort  effort
	digests []digest
	spool   *spool // nil unless packed
}

// Hash is the hash of what would be deployed: of every name, whether it is executable, and its content. It reads all
// files, on all cores, unless this process has read them before and they are unchanged.
func (s *Source) Hash(ctx context.Context) (string, error) {
	e := hashed
	if s.total() > s.limit {
		e = measured // CheckSize is going to ask.
	}
	return s.hashBy(ctx, e)
}

// HashAndPack is Hash for a caller that will ask for the archive next. It packs the files while it reads them, unless
// the archive has to read them again anyway.
func (s *Source) HashAndPack(ctx context.Context) (string, error) {
	if _, ok := s.stamp(); !ok {
		return s.Hash(ctx)
	}
	return s.hashBy(ctx, packed)
}

func (s *Source) hashBy(ctx context.Context, e effort) (string, error) {
	c, err := s.read(ctx, e)
	if err != nil {
		return "", err
	}
	defer c.spool.letGo()
	return s.hash(c.digests), nil
}

func (s *Source) hash(digests []digest) string {
	all := sha256.New()
	for i, e := range s.entries {
		all.Write(fmt.Appendf(nil, "%s\x00%o\x00%x\n", e.name, e.mode(), digests[i].sum))
	}
	return hex.EncodeToString(all.Sum(nil))
}

// mode is the part of a file's mode that matters to an application.
func (e entry) mode() fs.FileMode {
	if e.executable {
		return 0o755
	}
	return 0o644
}

// readAll reads every file once, except the files on disk that are known. Each worker holds one file and its buffers.
// The caller has to let go of the spool.
func (s *Source) readAll(ctx context.Context, e effort, known *content) (*content, error) {
	c := &content{effort: e, digests: make([]digest, len(s.entries))}
	if known != nil {
		c.effort, c.spool = known.effort, known.spool
	} else if e == packed {
		var err error
		if c.spool, err = newSpool(2 * s.limit); err != nil {
			return nil, err
		}
	}
	todo, largest := c.reuse(s.entries, known)
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(todo)) {
		group.Go(func() error {
			w := newWorker(c.effort, c.spool, largest)
			for {
				at := int(next.Add(1)) - 1
				if at >= len(todo) {
					return nil
				}
				file := s.entries[todo[at]]
				if s.shared.reads != nil {
					s.shared.reads(file.name)
				}
				d, err := w.read(ctx, file)
				if err != nil {
					return err
				}
				c.digests[todo[at]] = d
			}
		})
	}
	if err := group.Wait(); err != nil {
		c.spool.letGo()
		return nil, err
	}
	return c, nil
}

// reuse takes over the known digests of files on disk. It returns the entries that are still to be read, and the size
// of the largest.
func (c *content) reuse(entries []entry, known *content) (todo []int, largest int64) {
	for i, e := range entries {
		if known != nil && e.path != "" {
			c.digests[i] = known.digests[i]
			continue
		}
		todo = append(todo, i)
		largest = max(largest, e.length())
	}
	return todo, largest
}

// worker reads files one after another.
type worker struct {
	buffer     []byte
	sum        hash.Hash
	compressor *flate.Writer // nil if only the hash of the content is wanted
	deflated   spooler
}

func newWorker(e effort, to *spool, largest int64) *worker {
	// A file whose end fits into the buffer is read in one piece.
	w := &worker{buffer: make([]byte, min(bufferSize, largest+1)), sum: sha256.New(), deflated: spooler{spool: to}}
	if e >= measured {
		// The only error is a level that does not exist.
		w.compressor, _ = flate.NewWriter(&w.deflated, level)
	}
	return w
}

// read reads one file to its end.
func (w *worker) read(ctx context.Context, e entry) (digest, error) {
	file, before, err := e.open()
	if err != nil {
		return digest{}, err
	}
	defer file.Close() //nolint:errcheck // It was only read.
	w.sum.Reset()
	w.deflated.next()
	if w.compressor != nil {
		w.compressor.Reset(&w.deflated)
	}
	var d digest
	for {
		if err := ctx.Err(); err != nil {
			return digest{}, err
		}
		n, err := io.ReadFull(file, w.buffer)
		if err := w.take(&d, w.buffer[:n]); err != nil {
			return digest{}, err
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return digest{}, fmt.Errorf("cannot read %q: %w", e.name, reason(err))
		}
	}
	if err := w.finish(&d); err != nil {
		return digest{}, err
	}
	return d, e.unchanged(file, before, d.size)
}

func (w *worker) take(d *digest, chunk []byte) error {
	d.size += int64(len(chunk))
	w.sum.Write(chunk)
	if w.compressor == nil {
		return nil
	}
	d.crc = crc32.Update(d.crc, crc32.IEEETable, chunk)
	_, err := w.compressor.Write(chunk)
	return err
}

func (w *worker) finish(d *digest) error {
	w.sum.Sum(d.sum[:0])
	if w.compressor == nil {
		return nil
	}
	err := errors.Join(w.compressor.Close(), w.deflated.flush())
	d.deflated, d.pieces = w.deflated.size, w.deflated.pieces
	return err
}

func (e entry) open() (io.ReadCloser, fs.FileInfo, error) {
	if e.path == "" {
		return io.NopCloser(bytes.NewReader(e.content)), nil, nil
	}
	file, err := os.Open(e.path)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read %q: %w", e.name, reason(err))
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no longer a file")
	}
	if err != nil {
		_ = file.Close()
		return nil, nil, fmt.Errorf("cannot read %q: %w", e.name, reason(err))
	}
	return file, info, nil
}

// unchanged is an error if a file was written to while it was being read.
func (e entry) unchanged(file io.ReadCloser, before fs.FileInfo, size int64) error {
	f, ok := file.(*os.File)
	if !ok {
		return nil
	}
	after, err := f.Stat()
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", e.name, reason(err))
	}
	if size != before.Size() || after.Size() != size || !after.ModTime().Equal(before.ModTime()) {
		return e.changed()
	}
	return nil
}

func (e entry) changed() error {
	return fmt.Errorf("%q changed while it was being read; deploy again once nothing writes to the source directory", e.name)
}
