// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"sync"
)

// flight is one call whose answer several callers share. It does not end with the context of the caller that began it
// but when the last caller has left; the values of that context, such as a logger, stay.
type flight[T any] struct {
	done   chan struct{} // closed once value and err are set
	value  T
	err    error
	cancel context.CancelFunc

	waiting int  // callers, guarded by the owner's mutex
	left    bool // all callers have gone: nobody may join any more; guarded likewise
}

func launch[T any](ctx context.Context, call func(context.Context) (T, error)) *flight[T] {
	detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight[T]{done: make(chan struct{}), cancel: cancel}
	go func() {
		defer cancel()
		f.value, f.err = call(detached)
		close(f.done)
	}()
	return f
}

// wait is called by one that has been counted in f.waiting.
func (f *flight[T]) wait(ctx context.Context, owner *sync.Mutex) (T, error) {
	defer func() {
		owner.Lock()
		defer owner.Unlock()
		if f.waiting--; f.waiting == 0 {
			f.left = true
			f.cancel()
		}
	}()
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

func (f *flight[T]) ended() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}
