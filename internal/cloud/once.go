// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"time"
)

// lastLook is how long a look may take after an interrupt.
const lastLook = 200 * time.Millisecond

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
// A name that is taken is never adopted by itself: only after a lost answer to a create of our own.
func create[T any](ctx context.Context, c *Client, cr creation[T]) (adopted bool, err error) {
	switch _, err := cr.look(ctx); {
	case err == nil:
		return false, cr.taken()
	case !IsNotFound(err):
		return false, err
	}
	var end time.Time // of the repeats; set once an answer has been lost
	for {
		err := cr.send(ctx)
		switch {
		case err == nil:
			return false, nil
		case exists(err) && end.IsZero():
			return false, cr.refused(ctx, err)
		case !exists(err) && !OutcomeUnknown(err):
			return false, err
		case end.IsZero():
			end = time.Now().Add(c.retryTimeout)
		}
		found, lookErr := cr.lookAgain(ctx, c.timing)
		switch {
		case found != nil:
			return cr.adopt(ctx, found)
		case !IsNotFound(lookErr):
			return false, fmt.Errorf("%w; whether the %s %q was made all the same could not be seen: %w", err, cr.noun, cr.name, lookErr)
		case exists(err):
			return false, fmt.Errorf("%w: %w", cr.taken(), err)
		case ctx.Err() != nil, time.Now().After(end):
			return false, err
		}
	}
}

// adopt takes what was found for what was sent, if it can be that.
func (cr creation[T]) adopt(ctx context.Context, found *T) (bool, error) {
	ctx, cancel := lastingMoments(ctx)
	defer cancel()
	if err := cr.matches(ctx, found); err != nil {
		return false, fmt.Errorf("%w, made by somebody else meanwhile: %w", cr.taken(), err)
	}
	return true, nil
}

// lookAgain looks for what a lost write may have made. A single absence right after the write is no proof, as the record
// may come a moment later: it counts once every look of some seconds has shown it. After an interrupt there is time for
// one quick look, so that what exists can still be kept in the state.
func (cr creation[T]) lookAgain(ctx context.Context, timing Timing) (*T, error) {
	for looks := 0; ; looks++ {
		asking, cancel := lastingMoments(ctx)
		found, err := cr.look(asking)
		cancel()
		if !IsNotFound(err) || looks == 3 || ctx.Err() != nil {
			return found, err
		}
		select {
		case <-time.After(timing.Backoff << looks):
		case <-ctx.Done():
		}
	}
}

// lastingMoments is ctx, or, where that has ended already, one that lasts for a moment longer.
func lastingMoments(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), lastLook)
}

// refused is the error of a first create that was refused because the name is taken, if a look bears that out: not every
// conflict is one of names.
func (cr creation[T]) refused(ctx context.Context, err error) error {
	if _, lookErr := cr.look(ctx); IsNotFound(lookErr) {
		return err
	}
	return cr.taken()
}

func (cr creation[T]) taken() error {
	return fmt.Errorf("%s %q %w", cr.noun, cr.name, ErrExists)
}
