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

// lastLook limits a look after an interrupt.
const lastLook = 200 * time.Millisecond

// createSteps are the steps of a create that must be carried out exactly once. The name of the object is unique.
type createSteps[T any] struct {
	api.Object
	look    func(context.Context) (*T, error) // asks the API now; an IsNotFound error proves absence
	send    func(context.Context) error       // a call of the kind api.Write
	matches func(context.Context, *T) error   // nil if the found object may be ours
}

// create carries out a create exactly once. It first checks that the object is absent, and then sends. If the outcome
// of that is unknown, it looks before anything else. An object that was absent before, exists now and matches is ours:
// it is adopted. If the object is still absent, create sends again. Only a lost answer to our own create allows an
// adoption; a taken name alone does not.
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

// adopt adopts the found object if it matches.
func (cr createSteps[T]) adopt(ctx context.Context, found *T) (bool, error) {
	ctx, cancel := graceContext(ctx)
	defer cancel()
	if err := cr.matches(ctx, found); err != nil {
		return false, fmt.Errorf("%w, made by somebody else meanwhile: %w", cr.taken(), err)
	}
	return true, nil
}

// lookAgain looks for the object of a lost write. The record may appear late, so one absence right after the write
// proves nothing: absence counts only after several looks over some seconds. If the service refused the repeat, the
// lost write may be the reason, so the record has a minute since the first attempt. After an interrupt there is time
// for one quick look, so that the state can still keep an object that exists.
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

// graceContext returns ctx. If ctx has ended already, it returns a context that lasts a moment longer.
func graceContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), lastLook)
}

// refused returns the error of a first create that was refused as a conflict. It says that the name is taken only if a
// look finds the object, because a conflict may have other reasons.
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

// recentCreates remembers the objects that this process has created. The record of a new object may appear some seconds
// late, so "not found" is not believed for some time after our own create.
type recentCreates struct {
	mu   sync.Mutex
	when map[api.Object]time.Time
}

// add records that the service has accepted a create.
func (c *recentCreates) add(o api.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.when == nil {
		c.when = map[api.Object]time.Time{}
	}
	c.when[o] = time.Now()
}

// remove forgets an object before it is deleted. From then on, "not found" is the expected answer.
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
