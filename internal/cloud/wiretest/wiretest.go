// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package wiretest is the harness of the client's tests. A test writes the service as a handler, and connects the
// client to it in one of two ways.
//
// A [Wire] carries requests to the handler without a socket. The test runs in a bubble of [testing/synctest], so every
// pause and every time limit has its exact length and takes no time. Use it unless the other way is needed.
//
// [Serve] starts a real server. Use it to test the client together with net/http: TLS, proxies, redirects, connections
// and uploads. Time is real there, so such a test may wait for an event, and must not conclude from a pause that
// something has happened. Tests against a local cloud are of this kind.
package wiretest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Token is a token that never expires.
const Token = "header.e30.signature-of-the-token"

// Wire is a network without sockets. It passes requests to a handler and records them.
type Wire struct {
	mu      sync.Mutex
	handler http.HandlerFunc
	seen    []request // in order of arrival
}

type request struct {
	call string // method and path below /v1alpha1
	body string
	at   time.Time
}

// New makes a network that carries requests to a handler.
func New(handler http.HandlerFunc) *Wire { return &Wire{handler: handler} }

// Answer replaces the handler.
func (w *Wire) Answer(handler http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handler = handler
}

// RoundTrip implements [http.RoundTripper].
func (w *Wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	var body []byte
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }()
		read, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		body = read
	}
	if req.ContentLength > 0 && req.ContentLength != int64(len(body)) { // as net/http's own network does
		return nil, fmt.Errorf("the Content-Length is %d, and the body has %d bytes", req.ContentLength, len(body))
	}
	handler := w.record(req, string(body))
	served := req.Clone(req.Context())
	served.Body = io.NopCloser(bytes.NewReader(body))
	recorder := httptest.NewRecorder()
	broken := make(chan any, 1)
	go func() {
		defer func() { broken <- recover() }()
		handler(recorder, served)
	}()
	select {
	case reason := <-broken:
		if reason != nil {
			return nil, io.ErrUnexpectedEOF
		}
		resp := recorder.Result()
		resp.Request = req
		return resp, nil
	case <-req.Context().Done():
		return nil, context.Cause(req.Context())
	}
}

func (w *Wire) record(req *http.Request, body string) http.HandlerFunc {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, request{call(req), body, time.Now()})
	return w.handler
}

// call is the method of a request and its path below /v1alpha1.
func call(r *http.Request) string {
	return r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), "/v1alpha1")
}

// Calls returns the recorded calls in order of arrival: the method and the path below /v1alpha1.
func (w *Wire) Calls() []string { return w.list(func(r request) string { return r.call }) }

// Writes returns the recorded calls other than GET, each with a blank and its body.
func (w *Wire) Writes() []string {
	writes := w.list(func(r request) string { return r.call + " " + strings.TrimSuffix(r.body, "\n") })
	return slices.DeleteFunc(writes, func(call string) bool { return strings.HasPrefix(call, "GET ") })
}

func (w *Wire) list(text func(request) string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]string, len(w.seen))
	for i, r := range w.seen {
		list[i] = text(r)
	}
	return list
}

// Count returns how often a call came.
func (w *Wire) Count(call string) int {
	return len(slices.DeleteFunc(w.Calls(), func(c string) bool { return c != call }))
}

// Times returns when each request came, as the time since begin.
func (w *Wire) Times(begin time.Time) []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var times []time.Duration
	for _, r := range w.seen {
		times = append(times, r.at.Sub(begin))
	}
	return times
}

// Expect checks [Wire.Calls].
func (w *Wire) Expect(t *testing.T, want ...string) {
	t.Helper()
	expectLines(t, "calls", w.Calls(), want)
}

// ExpectWrites checks [Wire.Writes].
func (w *Wire) ExpectWrites(t *testing.T, want ...string) {
	t.Helper()
	expectLines(t, "writes", w.Writes(), want)
}

func expectLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// RoundTripFunc is a network that is a function. Use it where a handler cannot behave as the network shall.
type RoundTripFunc func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f RoundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Serve starts a real server for the duration of the test.
func Serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}
