// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package share lets concurrent callers share one call instead of making it once each.
package share

import (
	"context"
	"sync"
)

// Call is a call that whoever needs its result at the same time shares. The zero value is ready for use.
type Call[T any] struct {
	mu      sync.Mutex
	current *run[T] // nil when none is under way that may be joined
}

// run is one run of a call. It does not end with the context of the caller that began it but when the last caller has
// left; the values of that context, such as a logger, stay.
type run[T any] struct {
	done    chan struct{} // closed once value and err are set
	value   T
	err     error
	cancel  context.CancelFunc
	waiting int // callers
}

// Do joins the run that is under way, or begins one, and returns its result or the end of ctx. A run that has ended is not
// joined any more, so that a function which keeps its result must first look whether another run has just done so.
func (c *Call[T]) Do(ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	c.mu.Lock()
	f := c.current
	if f == nil {
		detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &run[T]{done: make(chan struct{}), cancel: cancel}
		c.current = f
		go c.start(detached, f, call)
	}
	f.waiting++
	c.mu.Unlock()
	defer c.leave(f)
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

func (c *Call[T]) start(ctx context.Context, f *run[T], call func(context.Context) (T, error)) {
	defer f.cancel()
	f.value, f.err = call(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(f)
	close(f.done)
}

func (c *Call[T]) leave(f *run[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		c.forget(f)
		f.cancel()
	}
}

func (c *Call[T]) forget(f *run[T]) {
	if c.current == f {
		c.current = nil
	}
}

// Forget has later callers begin anew, as what is under way may be out of date.
func (c *Call[T]) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = nil
}

// Waiting is how many callers share the run that can be joined; 0 is that there is none.
func (c *Call[T]) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return 0
	}
	return c.current.waiting
}
