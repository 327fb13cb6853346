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
	// maxAnswer limits the size of an answer. A list of ten thousand instances is far smaller.
	maxAnswer = 16 << 20
	// answerStep is how much of a body has to arrive within the request timeout.
	answerStep = 64 << 10
	// grace is how long an interrupted write may still wait for its answer. The answer tells what was carried out, and
	// an interrupt has to end everything within a second.
	grace = 500 * time.Millisecond
)

var errTooLarge = fmt.Errorf("more than %d MiB", maxAnswer>>20)

// attemptTransport carries out one request completely. It reads the answer to its end, so that a hang or a break in the
// body fails the attempt. It limits the size of the answer and the time in which nothing moves, and writes the one log
// line.
type attemptTransport struct {
	next    http.RoundTripper
	timeout time.Duration
	log     *slog.Logger
}

// attemptError is the error of a request that got no answer.
type attemptError struct {
	sent bool // some of it may have reached the server
	err  error
}

func (e *attemptError) Error() string { return e.err.Error() }
func (e *attemptError) Unwrap() error { return e.err }

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

	watchdog := time.AfterFunc(t.timeout, func() { cancel(fmt.Errorf("no data arrived for %s", t.timeout)) })
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

// causeOf replaces the error of a request by the reason for which ctx ended, if it has.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// interruptible ends a request when the context of its operation ends: a read at once, a write after a grace period.
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

// answerBody is a body that has been read already.
type answerBody struct {
	io.Reader // of content
	content   []byte
	err       error // why content is incomplete
}

// Read returns the error after the content.
func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) && b.err != nil {
		err = b.err
	}
	return n, err
}

func (b *answerBody) Close() error { return nil }

// watched reports progress of the body of a request. If a kept connection was dead, the network reads a second body,
// which is watched too.
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

// watchedBody reports each read by the network.
type watchedBody struct {
	io.ReadCloser
	moved func()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.moved()
	return b.ReadCloser.Read(p)
}
