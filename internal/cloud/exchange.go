// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

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

// exchange is one request as a whole. It reads the answer to its end, so that a hang or a break in the middle of it is
// part of the attempt; it bounds the time in which nothing moves, and the size; and it writes the one log line.
type exchange struct {
	next    http.RoundTripper
	timeout time.Duration
	log     *slog.Logger
}

// failure is a request without an answer.
type failure struct {
	sent bool // some of it may have reached the server
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// attemptKey is the context's key for the *attempts of a call.
type attemptKey struct{}

// attempts is what a call tells its requests.
type attempts struct {
	count   int
	secrets []string
}

// RoundTrip implements [http.RoundTripper].
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	begun := time.Now()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(req.Context()))
	defer cancel(nil)
	defer interruptible(req, cancel)()

	watchdog := time.AfterFunc(x.timeout, func() {
		cancel(fmt.Errorf("nothing came for %s", x.timeout))
	})
	defer watchdog.Stop()

	var sent atomic.Bool
	out := req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	}))
	if req.Body != nil && req.Body != http.NoBody {
		out.Body = &watchedBody{ReadCloser: req.Body, moved: func() { watchdog.Reset(x.timeout) }}
	}
	resp, err := x.next.RoundTrip(out)
	if err == nil {
		resp.Body = readAnswer(resp.Body, func() { watchdog.Reset(x.timeout) })
	} else {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		err = &failure{sent: sent.Load(), err: err}
	}
	x.report(req, resp, err, time.Since(begun))
	return resp, err
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

// readAnswer reads a body to its end. What arrived is kept beside the error that ended it.
func readAnswer(body io.ReadCloser, moved func()) io.ReadCloser {
	defer func() { _ = body.Close() }()
	var b bytes.Buffer
	for {
		moved()
		n, err := io.CopyN(&b, body, answerStep)
		switch {
		case errors.Is(err, io.EOF):
			return io.NopCloser(&b)
		case err != nil:
			return io.NopCloser(io.MultiReader(&b, failingReader{err}))
		case b.Len() > maxAnswer:
			return io.NopCloser(io.MultiReader(io.LimitReader(&b, 256), failingReader{errTooLarge}))
		case n == 0:
			return io.NopCloser(&b)
		}
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// watchedBody tells when the network takes some of an upload.
type watchedBody struct {
	io.ReadCloser
	moved func()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.moved()
	return b.ReadCloser.Read(p)
}

func (x *exchange) report(req *http.Request, resp *http.Response, err error, took time.Duration) {
	attributes := []slog.Attr{
		slog.String("method", req.Method),
		slog.String("path", req.URL.EscapedPath()),
		slog.Duration("duration", took),
	}
	if a, ok := req.Context().Value(attemptKey{}).(*attempts); ok {
		a.count++
		attributes = append(attributes, slog.Int("attempt", a.count))
	}
	if resp != nil {
		attributes = append(attributes, slog.Int("status", resp.StatusCode), slog.String("request_id", resp.Header.Get("X-Request-Id")))
	}
	if err != nil {
		attributes = append(attributes, slog.String("error", oneLine(err.Error())))
	}
	x.log.LogAttrs(req.Context(), slog.LevelDebug, "DBOS Cloud request", attributes...)
}
