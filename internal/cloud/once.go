// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"time"
)

// creation is a create that must be carried out exactly once, of an object whose name is unique.
type creation[T any] struct {
	noun    string // "database instance"
	name    string
	look    func(context.Context) (*T, error) // asks now; an IsNotFound error is the proof of absence
	send    func(context.Context) error       // a write of the kind once
	matches func(context.Context, *T) error   // nil: what was found may be what was sent
}

// create carries out a creation: it looks, sends, and where the outcome of that is unknown looks again before anything
// else. What was absent before, is there now and matches is ours, and adopted. What is proven absent still is sent again.
func create[T any](ctx context.Context, c *Client, cr creation[T]) (adopted bool, err error) {
	switch _, err := cr.look(ctx); {
	case err == nil:
		return false, cr.taken()
	case !IsNotFound(err):
		return false, err
	}
	var (
		lost error // of the first write whose outcome was unknown
		end  time.Time
	)
	for {
		err := cr.send(ctx)
		switch {
		case err == nil:
			return false, nil
		case exists(err) && lost == nil:
			return false, cr.taken()
		case !exists(err) && !OutcomeUnknown(err):
			return false, err
		case lost == nil:
			lost, end = err, time.Now().Add(c.retryTimeout)
		}
		found, lookErr := cr.lookAgain(ctx, c.timing)
		switch {
		case found != nil:
			return cr.adopt(ctx, found)
		case !IsNotFound(lookErr):
			return false, fmt.Errorf("%w; it may have been carried out: whether %s %q exists could not be seen: %w", lost, cr.noun, cr.name, lookErr)
		case exists(err), time.Now().After(end):
			return false, lost
		}
	}
}

// adopt takes what was found for what was sent, if it can be that.
func (cr creation[T]) adopt(ctx context.Context, found *T) (bool, error) {
	if err := cr.matches(ctx, found); err != nil {
		return false, fmt.Errorf("%w meanwhile and is not the one that was asked for: %w", cr.taken(), err)
	}
	return true, nil
}

// lookAgain looks for what a lost write may have made. A single absence right after the write is no proof, as the record
// may come a moment later: it counts once it has been seen at every look of some seconds. Where the operation has been
// interrupted, one quick look is all there is time for, so that what exists can still be kept in the state.
func (cr creation[T]) lookAgain(ctx context.Context, timing Timing) (*T, error) {
	for looks := 0; ; looks++ {
		if ctx.Err() != nil {
			quick, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
			defer cancel()
			return cr.look(quick)
		}
		found, err := cr.look(ctx)
		if err == nil || !IsNotFound(err) || looks == 3 {
			return found, err
		}
		select {
		case <-time.After(timing.Backoff << looks):
		case <-ctx.Done():
		}
	}
}

// lastLook is how long a look may take after an interrupt.
const lastLook = 300 * time.Millisecond

func (cr creation[T]) taken() error {
	return fmt.Errorf("%s %q %w", cr.noun, cr.name, ErrExists)
}
