// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
)

const (
	// maxAnswer is far above the list of ten thousand instances.
	maxAnswer = 16 << 20
	// answerStep is how much of an answer's body has to arrive within the request timeout.
	answerStep = 64 << 10
	// grace is how long a write may still be answered after its operation was interrupted: what was just carried out
	// should be known, and an interrupt has to end everything within a second.
	grace = 500 * time.Millisecond
)

var errTooLarge = fmt.Errorf("more than %d MiB", maxAnswer>>20)

// attemptTransport is one request as a whole. It reads the answer to its end, so that a hang or a break in the middle of it is
// part of the attempt; it bounds the time in which nothing moves, and the size; and it writes the one log line.
type attemptTransport struct {
	next    http.RoundTripper
	timeout time.Duration
	log     *slog.Logger
}

// attemptError is a request without an answer.
type attemptError struct {
	sent bool // some of it may have reached the server
	err  error
}

func (f *attemptError) Error() string { return f.err.Error() }
func (f *attemptError) Unwrap() error { return f.err }

// RoundTrip implements [http.RoundTripper].
func (t *attemptTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if ended := req.Context().Err(); ended != nil {
		network.CloseBody(req)
		return nil, &attemptError{err: context.Cause(req.Context())}
	}
	begun := time.Now()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(req.Context()))
	defer cancel(nil)
	defer interruptible(req, cancel)()

	watchdog := time.AfterFunc(t.timeout, func() { cancel(fmt.Errorf("nothing came for %s", t.timeout)) })
	defer watchdog.Stop()
	moved := func() { watchdog.Reset(t.timeout) }

	var sent atomic.Bool
	out := req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	}))
	if req.Body != nil && req.Body != http.NoBody {
		watched(out, moved)
	}
	resp, err := t.next.RoundTrip(out)
	if err != nil {
		err = &attemptError{sent: sent.Load(), err: causeOf(ctx, err)}
	} else {
		content, readErr := readAnswer(resp.Body, moved)
		resp.Body = &answerBody{Reader: bytes.NewReader(content), content: content, err: causeOf(ctx, readErr)}
	}
	t.report(req, resp, err, time.Since(begun))
	return resp, err
}

// causeOf is why a request ended early: what ended it, rather than what that looked like to the network.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// interruptible ends a request with the context of its operation: a read at once, a write after a moment of grace.
func interruptible(req *http.Request, cancel context.CancelCauseFunc) (stop func() bool) {
	parent := req.Context()
	return context.AfterFunc(parent, func() {
		if req.Method == http.MethodGet {
			cancel(context.Cause(parent))
			return
		}
		time.AfterFunc(grace, func() { cancel(context.Cause(parent)) })
	})
}

func readAnswer(body io.ReadCloser, moved func()) ([]byte, error) {
	defer func() { _ = body.Close() }()
	var b bytes.Buffer
	for {
		moved()
		_, err := io.CopyN(&b, body, answerStep)
		switch {
		case errors.Is(err, io.EOF):
			return b.Bytes(), nil
		case err != nil:
			return b.Bytes(), err
		case b.Len() > maxAnswer:
			return b.Bytes()[:answerStep], errTooLarge
		}
	}
}

// answerBody is the body of an answer that has been read.
type answerBody struct {
	*bytes.Reader
	content []byte
	err     error // why there is no more than content
}

// Read gives the error where the content ends.
func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) && b.err != nil {
		err = b.err
	}
	return n, err
}

// WriteTo is not the embedded reader's, which knows nothing of the error.
func (b *answerBody) WriteTo(w io.Writer) (int64, error) {
	n, err := b.Reader.WriteTo(w)
	if err == nil {
		err = b.err
	}
	return n, err
}

func (b *answerBody) Close() error { return nil }

// watched has the body of a request tell when it moves, also where the network begins anew because the connection that it
// had kept was dead.
func watched(req *http.Request, moved func()) {
	req.Body = &watchedBody{ReadCloser: req.Body, moved: moved}
	anew := req.GetBody
	if anew == nil {
		return
	}
	req.GetBody = func() (io.ReadCloser, error) {
		body, err := anew()
		if err != nil {
			return nil, err
		}
		return &watchedBody{ReadCloser: body, moved: moved}, nil
	}
}

// watchedBody tells when the network takes some of an upload.
type watchedBody struct {
	io.ReadCloser
	moved func()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.moved()
	return b.ReadCloser.Read(p)
}
