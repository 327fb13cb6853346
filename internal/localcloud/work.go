// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// work counts what is under way, requests and background work alike, so that Close can wait for its end and nothing new
// begins after it.
type work struct {
	mu     sync.Mutex
	closed bool
	count  sync.WaitGroup
}

// begin is false once close was called.
func (w *work) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.count.Add(1)
	return true
}

func (w *work) end() { w.count.Done() }

// refuse lets nothing new begin.
func (w *work) refuse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

func (w *work) wait() { w.count.Wait() }

// background does something behind an answer. What is not begun because the server closes is in the state, and is taken
// up at the next start.
func (s *Server) background(do func()) (begun bool) {
	if !s.work.begin() {
		return false
	}
	go func() {
		defer s.work.end()
		do()
	}()
	return true
}

// pause is false if the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// drain reads a body to its end, since a client that is still sending would not see the answer. It gives up on one that
// is larger than any body may be.
func drain(r *http.Request) { _, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 2*largestArchive)) }

// lockedWriter lets the server's log and the backend's share one writer.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(line)
}
