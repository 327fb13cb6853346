// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// leastBodyRate is how many bytes a second a client has to send, once bodyTimeout has passed.
const leastBodyRate = 16 << 10

// timedBody ends a body that comes too slowly. A client that sends half of a deploy and no more would otherwise keep
// the application busy for ever.
type timedBody struct {
	io.ReadCloser
	connection *http.ResponseController
	timeLeft   time.Duration
}

// errSlowBody answers a body that came too slowly.
var errSlowBody = refuse(http.StatusRequestTimeout, "the request body came too slowly")

func (s *Server) limitBodyTime(w http.ResponseWriter, r *http.Request) {
	r.Body = &timedBody{ReadCloser: r.Body, connection: http.NewResponseController(w), timeLeft: s.bodyTimeout}
}

func (b *timedBody) Read(p []byte) (int, error) {
	begun := time.Now()
	if b.timeLeft <= 0 {
		_ = b.connection.SetReadDeadline(begun) // net/http is not to wait for the rest either.
		return 0, errSlowBody
	}
	if err := b.connection.SetReadDeadline(begun.Add(b.timeLeft)); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.timeLeft += time.Duration(n)*time.Second/leastBodyRate - time.Since(begun)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		b.timeLeft = 0
		return n, errSlowBody // The deadline stays, for net/http as well.
	}
	// net/http would take a deadline that passes later for a client that has gone away.
	if reset := b.connection.SetReadDeadline(time.Time{}); err == nil {
		err = reset
	}
	return n, err
}

// drain reads a body to its end, since a client that is still sending would not see the answer. It gives up on one that
// is larger than any body may be.
func drain(r *http.Request) { _, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 2*largestArchive)) }
