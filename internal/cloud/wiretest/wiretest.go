// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package wiretest is a network without sockets for the tests of the client. It also has the answers and checks that
// they share.
package wiretest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Wire is a network without sockets, so that tests can use fake time. It passes requests to a handler and records them.
type Wire struct {
	mu      sync.Mutex
	handler http.HandlerFunc
	Seen    []Request // in order of arrival
}

// Request is a recorded request.
type Request struct {
	Call string // method and path below /v1alpha1
	Body string
	At   time.Time
}

// Token is a token that never expires.
const Token = "header.e30.signature-of-the-token"

// New makes a network that carries requests to a handler.
func New(handler http.HandlerFunc) *Wire { return &Wire{handler: handler} }

// Lost breaks the connection if a handler panics with it. The effects of the handler remain.
var Lost = http.ErrAbortHandler

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
	w.mu.Lock()
	w.Seen = append(w.Seen, Request{req.Method + " " + strings.TrimPrefix(req.URL.EscapedPath(), "/v1alpha1"), string(body), time.Now()})
	handler := w.handler
	w.mu.Unlock()

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

// Answer replaces the handler.
func (w *Wire) Answer(handler http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handler = handler
}

// Calls returns the recorded calls in order of arrival.
func (w *Wire) Calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := make([]string, len(w.Seen))
	for i, r := range w.Seen {
		calls[i] = r.Call
	}
	return calls
}

// Count returns how often a call came.
func (w *Wire) Count(call string) int {
	n := 0
	for _, c := range w.Calls() {
		if c == call {
			n++
		}
	}
	return n
}

// Times returns when each request came, as the time since begin.
func (w *Wire) Times(begin time.Time) []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var times []time.Duration
	for _, r := range w.Seen {
		times = append(times, r.At.Sub(begin))
	}
	return times
}

// Expect checks the recorded calls.
func (w *Wire) Expect(t *testing.T, want ...string) {
	t.Helper()
	if got := w.Calls(); !slices.Equal(got, want) {
		t.Errorf("calls:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Serve starts a real server for the duration of the test.
func Serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// Say answers with a status and a body.
func Say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", cmp.Or(w.Header().Get("Content-Type"), "application/json"))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// Refuse answers with the API's own error.
func Refuse(w http.ResponseWriter, status int, message string) {
	Say(w, status, fmt.Sprintf(`{"message":%q,"statusCode":%d,"requestID":"req-%d"}`, message, status, status))
}

// Hang answers nothing until the client goes away.
func Hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// ExpectError checks that the error contains every part.
func ExpectError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error is %q, want %q in it", err, part)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("error is more than a line: %q", err)
	}
}

// Journal keeps log lines.
type Journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *Journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *Journal) Logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
}

func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *Journal) Lines() []string {
	return strings.Split(strings.TrimSpace(j.String()), "\n")
}
