// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package share lets concurrent callers share one call instead of making it once each.
package share

import (
	"context"
	"sync"
)

// Call is a call that concurrent callers share. The zero value is ready for use.
type Call[T any] struct {
	mu      sync.Mutex
	current *run[T] // nil when none is under way that may be joined
}

// run is one run of a call. It ends when the last caller has left, not with the context of the caller that began it. It
// keeps the values of that context, such as a logger.
type run[T any] struct {
	done    chan struct{} // closed once value and err are set
	value   T
	err     error
	cancel  context.CancelFunc
	waiting int // callers
}

// Do joins the run that is under way, or begins one. It returns the result of the run, or the error of ctx. A run that
// has ended cannot be joined. A function that keeps its result must therefore first check whether another run has just
// stored one.
func (c *Call[T]) Do(ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	c.mu.Lock()
	r := c.current
	if r == nil {
		detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r = &run[T]{done: make(chan struct{}), cancel: cancel}
		c.current = r
		go c.start(detached, r, call)
	}
	r.waiting++
	c.mu.Unlock()
	defer c.leave(r)
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

func (c *Call[T]) start(ctx context.Context, r *run[T], call func(context.Context) (T, error)) {
	r.value, r.err = call(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(r)
	close(r.done)
}

func (c *Call[T]) leave(r *run[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.waiting--; r.waiting == 0 {
		c.forget(r)
		r.cancel()
	}
}

func (c *Call[T]) forget(r *run[T]) {
	if c.current == r {
		c.current = nil
	}
}

// Forget makes later callers begin a new run, because the current one may return old data.
func (c *Call[T]) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = nil
}

// Waiting returns how many callers share the current run, or 0 if there is none to join.
func (c *Call[T]) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return 0
	}
	return c.current.waiting
}
