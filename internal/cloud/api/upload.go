// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	archiveHead = `{"application_archive":"`
	archiveTail = `"}`
)

// ArchiveUpload is the body of a deploy: an archive as base64 in JSON. It holds only a piece of the archive at a time.
type ArchiveUpload struct {
	ctx         context.Context // for the log lines of the upload
	archive     Stream
	application string
	log         *slog.Logger
	every       time.Duration // between two of these lines

	mu     sync.Mutex
	failed error
}

// NewArchiveUpload makes the body for an archive of an application, whose Size must be exact. The upload logs its
// progress.
func (c *Client) NewArchiveUpload(ctx context.Context, application string, archive Stream) *ArchiveUpload {
	return &ArchiveUpload{ctx: ctx, archive: archive, application: application, log: c.log, every: c.timing.Progress}
}

// Size is the length of the body.
func (u *ArchiveUpload) Size() int64 {
	return int64(len(archiveHead)+len(archiveTail)) + (u.archive.Size()+2)/3*4
}

// Open begins a body from its start.
func (u *ArchiveUpload) Open() (io.ReadCloser, error) {
	files, err := u.archive.Open()
	if err != nil {
		u.fail(err)
		return nil, err
	}
	text := &base64Reader{from: &exactReader{from: files, left: u.archive.Size()}}
	return &archiveBody{
		Reader:   io.MultiReader(strings.NewReader(archiveHead), text, strings.NewReader(archiveTail)),
		Closer:   files,
		upload:   u,
		loggedAt: time.Now(),
	}, nil
}

func (u *ArchiveUpload) fail(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failed = err
}

// Failure is the error of reading the archive itself. It is nil if there was none, or if u is nil.
func (u *ArchiveUpload) Failure() error {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.failed
}

// archiveBody is one body while it is sent.
type archiveBody struct {
	io.Reader
	io.Closer
	upload   *ArchiveUpload
	sent     int64
	loggedAt time.Time // of the last log line, at first the beginning
}

func (b *archiveBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.sent += int64(n)
	u := b.upload
	if err != nil && !errors.Is(err, io.EOF) {
		u.fail(err)
	}
	if time.Since(b.loggedAt) >= u.every {
		b.loggedAt = time.Now()
		u.log.LogAttrs(u.ctx, slog.LevelInfo, "uploading application",
			slog.String("name", u.application), slog.Int64("sent_bytes", b.sent), slog.Int64("total_bytes", u.Size()))
	}
	return n, err
}

// exactReader reads exactly as many bytes as expected or fails. The network's own error about a wrong length would not
// explain anything.
type exactReader struct {
	from io.Reader
	left int64
}

func (r *exactReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.left -= int64(n)
	switch {
	case r.left < 0:
		return 0, errors.New("it has grown while it was sent")
	case errors.Is(err, io.EOF) && r.left > 0:
		return 0, fmt.Errorf("it ended %d bytes early", r.left)
	}
	return n, err
}

// base64Reader encodes what it reads in base64.
type base64Reader struct {
	from io.Reader
	raw  [3 << 14]byte
	text [4 << 14]byte
	rest []byte // of text
}

func (r *base64Reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		n, err := io.ReadFull(r.from, r.raw[:])
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
		base64.StdEncoding.Encode(r.text[:], r.raw[:n])
		r.rest = r.text[:base64.StdEncoding.EncodedLen(n)]
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
