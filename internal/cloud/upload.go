// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

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

// Archive is an application's files as a zip. It can be opened again, for a
// deploy that has to be sent again, and is the same each time.
type Archive interface {
	Open() (io.ReadCloser, error)
	Size() int64 // exactly as many bytes as Open's reader gives
}

const (
	archiveHead = `{"application_archive":"`
	archiveTail = `"}`
)

// archiveUpload makes the body of a deploy of an archive: base64 in JSON, as it
// goes, so that it never holds more of the archive than a piece.
type archiveUpload struct {
	ctx         context.Context //nolint:containedctx // For the log lines of the upload.
	archive     Archive
	application string
	log         *slog.Logger
	every       time.Duration // between two of those

	mu     sync.Mutex
	failed error
}

// size is the length of the body.
func (u *archiveUpload) size() int64 {
	return int64(len(archiveHead)+len(archiveTail)) + (u.archive.Size()+2)/3*4
}

// open begins a body from its start.
func (u *archiveUpload) open() (io.ReadCloser, error) {
	files, err := u.archive.Open()
	if err != nil {
		u.fail(err)
		return nil, err
	}
	text := &base64Reader{from: &exactReader{from: files, left: u.archive.Size()}}
	return &archiveBody{
		Reader: io.MultiReader(strings.NewReader(archiveHead), text, strings.NewReader(archiveTail)),
		Closer: files,
		upload: u,
		told:   time.Now(),
	}, nil
}

func (u *archiveUpload) fail(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failed = err
}

// failure is why the archive itself could not be read, if it could not.
func (u *archiveUpload) failure() error {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.failed
}

// archiveBody is one body on its way.
type archiveBody struct {
	io.Reader
	io.Closer
	upload *archiveUpload
	sent   int64
	told   time.Time // of the last log line, at first the beginning
}

func (b *archiveBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.sent += int64(n)
	u := b.upload
	if err != nil && !errors.Is(err, io.EOF) {
		u.fail(err)
	}
	if time.Since(b.told) >= u.every {
		b.told = time.Now()
		u.log.LogAttrs(u.ctx, slog.LevelInfo, "uploading application",
			slog.String("name", u.application), slog.Int64("sent_bytes", b.sent), slog.Int64("total_bytes", u.size()))
	}
	return n, err
}

// exactReader gives exactly as many bytes as it should or fails: a body of
// another length would break off with an error that says nothing.
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

// base64Reader reads in base64 what it reads itself in binary.
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
