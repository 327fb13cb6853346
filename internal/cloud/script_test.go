// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// A reply is one answer of a scripted control plane, in literal JSON. The zero reply breaks the connection after it has
// read the request.
type reply struct {
	status int
	body   string
}

var lost = reply{}

func ok(body string) reply { return reply{http.StatusOK, body} }

func refusal(status int, message string) reply {
	return reply{status, `{"message":"` + message + `","statusCode":400,"requestID":"req-7"}`}
}

var (
	badGateway = reply{http.StatusBadGateway, "<html>Bad Gateway</html>"}
	busy       = refusal(http.StatusConflict, "application is busy")
	noShop     = refusal(http.StatusNotFound, "application shop not found")
)

// times is a reply repeated n times, and then another.
func times(n int, first, then reply) []reply {
	return append(slices.Repeat([]reply{first}, n), then)
}

// A script is a control plane that answers each call from a list. The last entry is repeated.
type script struct {
	mu      sync.Mutex
	replies map[string][]reply // by "METHOD path", the path below /v1alpha1/acme
	calls   []string           // "METHOD path body", but for reads
	log     *strings.Builder
}

// scripted makes a client of a scripted control plane.
func scripted(t *testing.T, replies map[string][]reply) (*cloud.Client, *script) {
	t.Helper()
	return scriptedFor(t, time.Minute, replies)
}

// scriptedFor is scripted with a limit for repeats.
func scriptedFor(t *testing.T, limit time.Duration, replies map[string][]reply) (*cloud.Client, *script) {
	t.Helper()
	s := &script{replies: replies, log: &strings.Builder{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(t, w, r) }))
	t.Cleanup(server.Close)
	client, err := cloud.New(cloud.Config{
		Endpoint:       server.URL,
		Organization:   "acme",
		Login:          cloud.Login{Token: "zqxj-token"},
		RequestTimeout: time.Minute,
		RetryTimeout:   limit,
		Logger:         slog.New(slog.NewTextHandler(lockedWriter{s}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Timing: cloud.Timing{
			Poll: time.Millisecond, LongestPoll: 5 * time.Millisecond, Settled: 5 * time.Millisecond,
			Appearing: time.Minute, Failing: time.Minute,
			Backoff: time.Millisecond, LongestBackoff: 5 * time.Millisecond,
			Shared: time.Minute, Progress: time.Nanosecond,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, s
}

func (s *script) serve(t *testing.T, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	path, ours := strings.CutPrefix(r.URL.EscapedPath(), "/v1alpha1/acme")
	if !ours || r.Header.Get("Authorization") != "Bearer zqxj-token" {
		t.Errorf("%s %s with the authorization %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}
	if r.ContentLength >= 0 && err == nil && int64(len(body)) != r.ContentLength || len(r.TransferEncoding) > 0 {
		t.Errorf("%s %s: Content-Length %d, transfer encoding %v and %d bytes", r.Method, path, r.ContentLength, r.TransferEncoding, len(body))
	}
	call := r.Method + " " + path
	s.mu.Lock()
	if r.Method != http.MethodGet {
		s.calls = append(s.calls, call+" "+string(bytes.TrimSpace(body)))
	}
	list := s.replies[call]
	if len(list) == 0 {
		t.Errorf("unexpected call %s", call)
		list = []reply{lost}
	}
	if len(list) > 1 {
		s.replies[call] = list[1:]
	}
	s.mu.Unlock()
	if list[0] == lost {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(list[0].status)
	_, _ = io.WriteString(w, list[0].body)
}

// writes are all calls that are not reads.
func (s *script) writes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *script) expect(t *testing.T, writes ...string) {
	t.Helper()
	if got := s.writes(); !slices.Equal(got, writes) {
		t.Errorf("writes:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(writes, "\n     "))
	}
}

func (s *script) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

type lockedWriter struct{ *script }

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

// limited returns a context that ends a hanging test.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func says(t *testing.T, err error, want string) {
	t.Helper()
	if message(err) != want {
		t.Errorf("error:\n got %s\nwant %s", message(err), want)
	}
}
