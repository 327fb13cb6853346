// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"io"
	"sync"
	"time"
)

// work counts the requests and the background work that are under way. Close waits for them, and lets nothing new
// begin.
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

// close lets nothing new begin.
func (w *work) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

func (w *work) wait() { w.count.Wait() }

// background runs a function that outlives the request. What does not begin because the server closes is in the state,
// and resume takes it up at the next start.
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
