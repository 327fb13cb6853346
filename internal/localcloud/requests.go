// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Request is a request as it arrived.
type Request struct {
	Method  string
	Path    string // as sent
	Status  int    // 0 without an answer
	Outcome int    // the status of the call if it was carried out, even if a fault hid it; 0 otherwise
	Time    time.Time
	Header  http.Header // with Options.KeepBodies
	Body    []byte      // with Options.KeepBodies, what was read of it, at most 1 MiB

	dropped bool // it is no longer in the log
}

// requestLog keeps the newest requests, in the order of their arrival. It is bounded in number and in bytes, since
// anybody can send requests.
type requestLog struct {
	keepBodies bool

	mu      sync.Mutex
	entries []*Request
	bytes   int
}

const (
	keptRequests = 50_000
	keptBytes    = 64 << 20
	keptBody     = 1 << 20
)

func (l *requestLog) add(entry *Request) {
	if len(l.entries) >= keptRequests {
		l.drop(keptRequests / 10)
	}
	l.entries = append(l.entries, entry)
	l.grow(entry.size())
}

// grow counts bytes, and drops the oldest requests if there are too many.
func (l *requestLog) grow(bytes int) {
	l.bytes += bytes
	for l.bytes > keptBytes && len(l.entries) > 1 {
		l.drop(1 + len(l.entries)/10)
	}
}

func (l *requestLog) drop(n int) {
	for _, entry := range l.entries[:n] {
		l.bytes -= entry.size()
		entry.dropped = true
	}
	l.entries = slices.Delete(l.entries, 0, n)
}

func (l *requestLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(len(l.entries))
}

func (r *Request) size() int {
	size := len(r.Path) + len(r.Body)
	for name, values := range r.Header {
		size += len(name)
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

// begin records a request and, if bodies are kept, its body while a handler reads it.
func (l *requestLog) begin(r *http.Request) *Request {
	entry := &Request{Method: r.Method, Path: r.URL.EscapedPath(), Time: time.Now()}
	if l.keepBodies {
		entry.Header = r.Header.Clone()
		r.Body = &bodyRecorder{ReadCloser: r.Body}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(entry)
	return entry
}

func (l *requestLog) end(entry *Request, r *http.Request, status, outcome int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Status, entry.Outcome = status, outcome
	if noted, ok := r.Body.(*bodyRecorder); ok && !entry.dropped {
		entry.Body = noted.bytes()
		l.grow(len(entry.Body))
	}
}

// bodyRecorder keeps the beginning of a body while it is read.
type bodyRecorder struct {
	io.ReadCloser
	mu   sync.Mutex
	head bytes.Buffer
}

func (b *bodyRecorder) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.head.Write(p[:min(n, keptBody-b.head.Len())])
	return n, err
}

func (b *bodyRecorder) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.head.Bytes())
}

// Requests are the requests so far, in the order of their arrival, without the calls below /localcloud/.
func (s *Server) Requests() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	requests := make([]Request, len(s.requests.entries))
	for i, entry := range s.requests.entries {
		requests[i] = *entry
	}
	return requests
}

// Count counts the requests so far by method ("" = any) and path. The pattern ("" = any) is one of path.Match, and is
// compared with the path's subject.
func (s *Server) Count(method, pattern string) int {
	count := 0
	for _, request := range s.Requests() {
		if matches(method, pattern, request.Method, request.Path) {
			count++
		}
	}
	return count
}

// subject is the part of a path that names the call: for most calls what follows /v1alpha1/{org}, for the others for
// example "user/profile" and "oauth/token".
func subject(requestPath string) string {
	below, api := strings.CutPrefix(requestPath, "/v1alpha1/")
	if !api {
		return strings.TrimPrefix(requestPath, "/")
	}
	if first, rest, ok := strings.Cut(below, "/"); ok && first != "user" {
		return rest
	}
	return below
}

func matches(method, pattern, requestMethod, requestPath string) bool {
	if method != "" && method != requestMethod {
		return false
	}
	if pattern == "" {
		return true
	}
	matched, err := path.Match(strings.TrimPrefix(pattern, "/"), subject(requestPath))
	return err == nil && matched
}
