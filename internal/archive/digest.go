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
	deflated int64 // 0 before it is known
}

// Hash is the hash of what would be deployed: of every name, whether it is executable, and its content. It reads all
// files, on all cores, unless this process has read them before and they are unchanged.
func (s *Source) Hash(ctx context.Context) (string, error) {
	digests, err := s.digests(ctx, false)
	if err != nil {
		return "", err
	}
	return s.hash(digests), nil
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

// readAll reads every file once. Each worker holds one file and one buffer. Of a file on disk whose digest is known it
// takes that.
func (s *Source) readAll(ctx context.Context, deflate bool, known []digest) ([]digest, error) {
	digests := make([]digest, len(s.entries))
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(s.entries)) {
		group.Go(func() error {
			w := newWorker(deflate)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(s.entries) {
					return nil
				}
				if known != nil && s.entries[i].path != "" {
					digests[i] = known[i]
					continue
				}
				if s.shared.reads != nil {
					s.shared.reads(s.entries[i].name)
				}
				d, err := w.read(ctx, s.entries[i], nil)
				if err != nil {
					return err
				}
				digests[i] = d
			}
		})
	}
	return digests, group.Wait()
}

// worker reads files one after another.
type worker struct {
	buffer     []byte
	sum        hash.Hash
	compressor *flate.Writer // nil where only the content's hash is wanted
	deflated   counter
}

type counter struct {
	n int64
	w io.Writer
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	if c.w == nil {
		return len(p), nil
	}
	return c.w.Write(p)
}

func newWorker(deflate bool) *worker {
	w := &worker{buffer: make([]byte, bufferSize), sum: sha256.New()}
	if deflate {
		// The only error is a level that does not exist.
		w.compressor, _ = flate.NewWriter(&w.deflated, level)
	}
	return w
}

// read reads one file to its end. With an output, it also goes there, deflated if the worker has a compressor, else as
// it is.
func (w *worker) read(ctx context.Context, e entry, output io.Writer) (digest, error) {
	file, before, err := e.open()
	if err != nil {
		return digest{}, err
	}
	defer file.Close() //nolint:errcheck // It was only read.
	w.sum.Reset()
	w.deflated = counter{w: output}
	if w.compressor != nil {
		w.compressor.Reset(&w.deflated)
	}
	var d digest
	for {
		if err := ctx.Err(); err != nil {
			return digest{}, err
		}
		n, err := io.ReadFull(file, w.buffer)
		chunk := w.buffer[:n]
		d.size += int64(n)
		w.sum.Write(chunk)
		if output != nil || w.compressor != nil {
			d.crc = crc32.Update(d.crc, crc32.IEEETable, chunk)
			if err := w.write(chunk, output); err != nil {
				return digest{}, err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return digest{}, fmt.Errorf("cannot read %q: %w", e.name, reason(err))
		}
	}
	if w.compressor != nil {
		if err := w.compressor.Close(); err != nil {
			return digest{}, err
		}
		d.deflated = w.deflated.n
	}
	w.sum.Sum(d.sum[:0])
	return d, e.unchanged(file, before, d.size)
}

func (w *worker) write(chunk []byte, output io.Writer) error {
	if w.compressor != nil {
		_, err := w.compressor.Write(chunk)
		return err
	}
	_, err := output.Write(chunk)
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
		return fmt.Errorf("cannot look at %q: %w", e.name, reason(err))
	}
	if size != before.Size() || after.Size() != size || !after.ModTime().Equal(before.ModTime()) {
		return e.changed()
	}
	return nil
}

func (e entry) changed() error {
	return fmt.Errorf("%q changed while it was being read; deploy again once nothing writes to the source directory", e.name)
}
