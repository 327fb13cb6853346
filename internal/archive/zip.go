// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"strings"
)

// SizeLimit is how large the files of an archive may be once compressed: the service's 500 MB, read generously, as the
// service has the last word.
const SizeLimit = 500 << 20

// Archive is a zip archive of a source, made anew each time it is read.
type Archive struct {
	source  *Source
	digests []digest
	size    int64
}

// Archive reads all files to learn what the archive will hold and how large it will be. A source that is too large is
// an error with both sizes.
func (s *Source) Archive(ctx context.Context) (*Archive, error) {
	digests, err := s.digests(ctx, true)
	if err != nil {
		return nil, err
	}
	a := &Archive{source: s, digests: digests}
	var data int64
	for i := range digests {
		data += digests[i].packed()
	}
	if data > s.limit {
		return nil, tooLarge(data, s.limit)
	}
	var headers counter
	if err := a.write(&headers, func(int, io.Writer) error { return nil }); err != nil {
		return nil, err
	}
	a.size = headers.n + data
	return a, nil
}

// CheckSize is the error of Archive for a source that is too large. It only reads the files where their sizes alone do
// not answer.
func (s *Source) CheckSize(ctx context.Context) error {
	var total int64
	for _, e := range s.entries {
		total += max(e.size, int64(len(e.content)))
	}
	if total <= s.limit {
		return nil
	}
	_, err := s.Archive(ctx)
	return err
}

func tooLarge(size, limit int64) error {
	return fmt.Errorf("the application is too large: its archive would have %.1f MB, and the service takes up to %.1f MB (%d and %d bytes); name what it does not need in %s",
		float64(size)/(1<<20), float64(limit)/(1<<20), size, limit, ignoreFile)
}

// Hash is the hash of what is in the archive, the same as that of a Source.
func (a *Archive) Hash() string {
	return a.source.hash(a.digests)
}

// Size is the number of bytes that Open's reader gives.
func (a *Archive) Size() int64 {
	return a.size
}

// Open begins to make the archive. The reader has to be closed. It fails at a file that is not as it was, and so never
// gives anything else than Hash and Size promise.
func (a *Archive) Open() (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	go func() {
		stored, deflated := newWorker(false), newWorker(true)
		writer.CloseWithError(a.write(writer, func(i int, w io.Writer) error {
			worker := deflated
			if a.digests[i].method() == zip.Store {
				worker = stored
			}
			d, err := worker.read(ctx, a.source.entries[i], w)
			if err == nil && (d.sum != a.digests[i].sum || d.size != a.digests[i].size) {
				err = a.source.entries[i].changed()
			}
			return err
		}))
	}()
	return &stream{PipeReader: reader, cancel: cancel}, nil
}

type stream struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (s *stream) Close() error {
	s.cancel()
	return s.PipeReader.Close()
}

// method is how a file is packed: it is deflated where that makes it smaller.
func (d *digest) method() uint16 {
	if d.deflated < d.size {
		return zip.Deflate
	}
	return zip.Store
}

func (d *digest) packed() int64 {
	return min(d.deflated, d.size)
}

// write writes the archive, with each file's data by a function. Directories have entries of their own before what is
// in them, as in the CLI's archives.
func (a *Archive) write(w io.Writer, data func(i int, w io.Writer) error) error {
	archive := zip.NewWriter(w)
	directories := map[string]bool{}
	for i, e := range a.source.entries {
		for at, c := range e.name {
			if c != '/' || directories[e.name[:at]] {
				continue
			}
			directories[e.name[:at]] = true
			if _, err := archive.CreateRaw(header(e.name[:at+1], 0o40755)); err != nil {
				return err
			}
		}
		h := header(e.name, 0o100000|uint32(e.mode()))
		d := &a.digests[i]
		h.Method, h.CRC32 = d.method(), d.crc
		h.UncompressedSize64, h.CompressedSize64 = uint64(d.size), uint64(d.packed())
		entry, err := archive.CreateRaw(h)
		if err != nil {
			return err
		}
		if err := data(i, entry); err != nil {
			return err
		}
	}
	return archive.Close()
}

// header is an entry's, but for sizes and checksum. All its numbers are given here, so that nothing depends on the
// machine.
func header(name string, unixMode uint32) *zip.FileHeader {
	const (
		unix        = 3 << 8
		version20   = 20
		utf8Flag    = 1 << 11
		february1   = 2<<5 | 1 // of 1980; the first of January is before the epoch in some zones
		msDirectory = 1 << 4
	)
	h := &zip.FileHeader{
		Name: name, CreatorVersion: unix | version20, ReaderVersion: version20, Flags: utf8Flag,
		ExternalAttrs: unixMode << 16,
		ModifiedDate:  february1, //nolint:staticcheck // CreateRaw writes this field and not Modified.
	}
	if strings.HasSuffix(name, "/") {
		h.ExternalAttrs |= msDirectory
	}
	return h
}
