// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// lastLook is how long a look may take after an interrupt.
const lastLook = 200 * time.Millisecond

// creation is a create that must be carried out exactly once, of an object whose name is unique.
type createSteps[T any] struct {
	api.Object
	look    func(context.Context) (*T, error) // asks now; an IsNotFound error is the proof of absence
	send    func(context.Context) error       // a call of the kind api.Write
	matches func(context.Context, *T) error   // nil: what was found may be what was sent
}

// create carries out a creation: it looks, sends, and where the outcome of that is unknown looks again before anything
// else. What was absent before, is there now and matches is ours, and adopted. What is proven absent still is sent again.
// A name that is taken is never adopted by itself: only after a lost answer to a create of our own.
func create[T any](ctx context.Context, c *Client, cr createSteps[T]) (adopted bool, err error) {
	switch _, err := cr.look(ctx); {
	case err == nil:
		return false, cr.taken()
	case !IsNotFound(err):
		return false, err
	}
	var (
		lost  error // of the first attempt whose outcome is unknown
		since time.Time
	)
	for {
		err := cr.send(ctx)
		switch {
		case err == nil:
			c.created.add(cr.Object)
			return false, nil
		case lost == nil && api.IsNameTaken(err):
			return false, cr.refused(ctx, err)
		case lost == nil && !OutcomeUnknown(err):
			return false, err
		case lost == nil:
			lost, since = err, time.Now()
		}
		refused := !OutcomeUnknown(err)
		found, lookErr := cr.lookAgain(ctx, c.timing, refused, since)
		switch {
		case found != nil:
			c.created.add(cr.Object)
			return cr.adopt(ctx, found)
		case !IsNotFound(lookErr):
			return false, fmt.Errorf("%w; whether the %s %q was made all the same could not be seen: %w", lost, cr.Noun, cr.Name, lookErr)
		case ctx.Err() != nil:
			return false, lost
		case api.IsNameTaken(err):
			return false, fmt.Errorf("%w; the call was then refused as the name is taken, so that the %s %q was probably made, but no look has shown it for %s",
				lost, cr.Noun, cr.Name, c.timing.Appearing)
		case refused:
			return false, err
		case time.Since(since) > c.retryTimeout:
			return false, lost
		}
	}
}

// adopt takes what was found for what was sent, if it can be that.
func (cr createSteps[T]) adopt(ctx context.Context, found *T) (bool, error) {
	ctx, cancel := graceContext(ctx)
	defer cancel()
	if err := cr.matches(ctx, found); err != nil {
		return false, fmt.Errorf("%w, made by somebody else meanwhile: %w", cr.taken(), err)
	}
	return true, nil
}

// lookAgain looks for what a lost write may have made. A single absence right after the write is no proof, as the record
// may come a moment later: it counts once every look of some seconds has shown it. If the service has refused the repeat,
// the record has a whole minute since the first attempt, as what it refuses may be because of it. After an interrupt there
// is time for one quick look, so that what exists can still be kept in the state.
func (cr createSteps[T]) lookAgain(ctx context.Context, timing Timing, refused bool, since time.Time) (*T, error) {
	for looks := 0; ; looks++ {
		asking, cancel := graceContext(ctx)
		found, err := cr.look(asking)
		cancel()
		last := looks >= 3 && (!refused || time.Since(since) >= timing.Appearing)
		if !IsNotFound(err) || last || ctx.Err() != nil {
			return found, err
		}
		select {
		case <-time.After(timing.Backoff << min(looks, 3)):
		case <-ctx.Done():
		}
	}
}

// graceContext is ctx, or, where that has ended already, one that lasts for a moment longer.
func graceContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), lastLook)
}

// refused is the error of a first create that was refused because the name is taken, if a look bears that out: not every
// conflict is one of names.
func (cr createSteps[T]) refused(ctx context.Context, err error) error {
	if _, lookErr := cr.look(ctx); IsNotFound(lookErr) {
		return err
	}
	return cr.taken()
}

func (cr createSteps[T]) taken() error {
	return fmt.Errorf("%s %q %w", cr.Noun, cr.Name, ErrExists)
}

func instanceNamed(name string) api.Object    { return api.Object{Noun: "database instance", Name: name} }
func applicationNamed(name string) api.Object { return api.Object{Noun: "application", Name: name} }

// recentCreates remembers what this process has created. A record may be visible only some seconds after the service has
// accepted it, so that "not found" is not believed for some time after a create of our own.
type recentCreates struct {
	mu   sync.Mutex
	when map[api.Object]time.Time
}

// add notes that the service has accepted a create.
func (c *recentCreates) add(o api.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.when == nil {
		c.when = map[api.Object]time.Time{}
	}
	c.when[o] = time.Now()
}

// remove is called before a delete: from then on "not found" is what is expected.
func (c *recentCreates) remove(o api.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.when, o)
}

// since reports whether the object was created within the last period.
func (c *recentCreates) since(o api.Object, period time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	when, ok := c.when[o]
	return ok && time.Since(when) < period
}

// justCreated reports whether an object is so new that its record may not be visible yet.
func (c *Client) justCreated(o api.Object) bool { return c.created.since(o, c.timing.Appearing) }
