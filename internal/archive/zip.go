// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
)

// sizeLimit bounds the compressed files of an archive. The service takes 500 MB. The limit is 500 MiB, because the
// service itself refuses an archive that is a little too large.
const sizeLimit = 500 << 20

// Archive is a zip archive of a source, as its files were when they were read.
type Archive struct {
	source  *Source
	content *content
	size    int64
}

// Archive reads all files, unless this process has packed them before and they are unchanged. A source that is too
// large is an error with both sizes. The archive has to be closed.
func (s *Source) Archive(ctx context.Context) (*Archive, error) {
	c, err := s.read(ctx, packed)
	if err != nil {
		return nil, err
	}
	a := &Archive{source: s, content: c}
	if err := a.measure(); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *Archive) measure() error {
	data, err := a.source.packedSize(a.content.digests)
	if err != nil {
		return err
	}
	var headers counter
	if err := a.write(&headers, func(int, io.Writer) error { return nil }); err != nil {
		return err
	}
	a.size = int64(headers) + data
	return nil
}

// counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// CheckSize returns the error that Archive returns for a source that is too large. It reads the files only if their
// sizes together are above the limit.
func (s *Source) CheckSize(ctx context.Context) error {
	if s.total() <= s.limit {
		return nil
	}
	c, err := s.read(ctx, measured)
	if err != nil {
		return err
	}
	defer c.spool.letGo()
	_, err = s.packedSize(c.digests)
	return err
}

// total is the size of all files.
func (s *Source) total() int64 {
	var total int64
	for _, e := range s.entries {
		total += e.length()
	}
	return total
}

// packedSize is the size of the data in the archive. A size above the limit is an error.
func (s *Source) packedSize(digests []digest) (int64, error) {
	var size int64
	for i := range digests {
		size += digests[i].packed()
	}
	if size > s.limit {
		return 0, fmt.Errorf("the application is too large: its archive would have %.1f MB, and the service takes up to %.1f MB (%d and %d bytes); list what it does not need in %s",
			float64(size)/(1<<20), float64(s.limit)/(1<<20), size, s.limit, ignoreFile)
	}
	return size, nil
}

// Hash is the hash of the files in the archive. It is the same as that of the Source.
func (a *Archive) Hash() string {
	return a.source.hash(a.content.digests)
}

// Size is the number of bytes that Open's reader gives.
func (a *Archive) Size() int64 {
	return a.size
}

// Open begins to make the archive. The reader has to be closed. It gives the same bytes each time, even if the files
// change.
func (a *Archive) Open() (io.ReadCloser, error) {
	reader, writer := io.Pipe()
	go func() {
		writer.CloseWithError(a.write(writer, func(i int, w io.Writer) error {
			_, err := io.Copy(w, a.data(i))
			return err
		}))
	}()
	return reader, nil
}

// data is a file's data as it stands in the archive.
func (a *Archive) data(i int) io.Reader {
	d := &a.content.digests[i]
	deflated := a.content.spool.reader(d.pieces)
	if d.method() == zip.Store {
		return flate.NewReader(deflated)
	}
	return deflated
}

// Close gives up the archive. A reader of it that is still in use fails.
func (a *Archive) Close() {
	a.content.spool.letGo()
}

// method is how a file is packed: it is deflated if that makes it smaller.
func (d *digest) method() uint16 {
	if d.deflated < d.size {
		return zip.Deflate
	}
	return zip.Store
}

func (d *digest) packed() int64 {
	return min(d.deflated, d.size)
}

// write writes the archive, and calls data to write the data of each file. A directory has an entry of its own before
// its files, as in the archives of the CLI.
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
		d := &a.content.digests[i]
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

// header is the header of an entry without sizes and checksum. It sets all numbers, so that nothing depends on the
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
