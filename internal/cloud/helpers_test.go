// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

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

// wire is a network without sockets, so that tests of time run in a bubble of fake time. It carries requests to a handler
// and notes them.
type wire struct {
	mu      sync.Mutex
	handler http.HandlerFunc
	seen    []seenRequest
}

type seenRequest struct {
	call string // method and path below /v1alpha1
	body string
	at   time.Time
}

// lost is what a handler panics with to break the connection: what it did before is done.
var lost = http.ErrAbortHandler

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
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
	w.seen = append(w.seen, seenRequest{req.Method + " " + strings.TrimPrefix(req.URL.EscapedPath(), "/v1alpha1"), string(body), time.Now()})
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

// answer replaces the handler.
func (w *wire) answer(handler http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handler = handler
}

// calls lists what was asked, in order of arrival.
func (w *wire) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := make([]string, len(w.seen))
	for i, r := range w.seen {
		calls[i] = r.call
	}
	return calls
}

func (w *wire) count(call string) int {
	n := 0
	for _, c := range w.calls() {
		if c == call {
			n++
		}
	}
	return n
}

// times lists how long after begin each request came.
func (w *wire) times(begin time.Time) []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var times []time.Duration
	for _, r := range w.seen {
		times = append(times, r.at.Sub(begin))
	}
	return times
}

func (w *wire) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := w.calls(); !slices.Equal(got, want) {
		t.Errorf("calls:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// testToken is a token whose end no clock reaches.
const testToken = "header.e30.signature-of-the-token"

// wired makes a client on a wire to the handler.
func wired(t *testing.T, handler http.HandlerFunc, change ...func(*Config)) (*Client, *wire) {
	t.Helper()
	w := &wire{handler: handler}
	cfg := Config{Organization: "acme", Login: Login{Token: testToken}}
	for _, c := range change {
		c(&cfg)
	}
	c, err := newClient(cfg, w)
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

// dial makes a client of a real server.
func dial(t *testing.T, server *httptest.Server, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{Endpoint: server.URL, Organization: "acme", Login: Login{Token: testToken}}
	for _, c := range change {
		c(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// say answers a status and a body as they are.
func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", cmp.Or(w.Header().Get("Content-Type"), "application/json"))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// refuse answers the API's own error.
func refuse(w http.ResponseWriter, status int, message string) {
	say(w, status, fmt.Sprintf(`{"message":%q,"statusCode":%d,"requestID":"req-%d"}`, message, status, status))
}

// hang answers nothing until the client goes away.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// expectError checks that the error holds every part.
func expectError(t *testing.T, err error, parts ...string) {
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

// journal keeps log lines.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) lines() []string {
	return strings.Split(strings.TrimSpace(j.String()), "\n")
}
