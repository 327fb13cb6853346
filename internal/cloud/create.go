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
	matches func(context.Context, *T) error   // nil if the object may be ours
}

// create carries out a create exactly once. It first checks that the object is absent, and then sends. If the answer is
// lost, it looks: an object that was absent before, exists now and matches is ours, and found is true. If the object is
// still absent, create sends again. An object whose name was taken without a lost answer of ours is never ours.
func create[T any](ctx context.Context, c *Client, s createSteps[T]) (found bool, err error) {
	switch _, err := s.look(ctx); {
	case err == nil:
		return false, s.taken()
	case !IsNotFound(err):
		return false, err
	}
	var (
		lost  error // of the first attempt whose outcome is unknown
		since time.Time
	)
	for {
		err := s.send(ctx)
		switch {
		case err == nil:
			c.created.add(s.Object)
			return false, nil
		case lost == nil && api.IsNameTaken(err):
			return false, s.refused(ctx, err)
		case lost == nil && !OutcomeUnknown(err):
			return false, err
		case lost == nil:
			lost, since = err, time.Now()
		}
		refused := !OutcomeUnknown(err)
		object, lookErr := s.lookAgain(ctx, c.timing, refused, since)
		switch {
		case object != nil:
			c.created.add(s.Object)
			err := s.checkOurs(ctx, object)
			return err == nil, err
		case !IsNotFound(lookErr):
			return false, fmt.Errorf("%w; the check whether the %s %q exists failed too: %w", lost, s.Noun, s.Name, lookErr)
		case ctx.Err() != nil:
			return false, lost
		case api.IsNameTaken(err):
			return false, fmt.Errorf("%w; the call was then refused because the name is taken, so the %s %q was probably created, but it did not appear within %s",
				lost, s.Noun, s.Name, c.timing.Appearing)
		case refused:
			return false, err
		case time.Since(since) > c.retryTimeout:
			return false, lost
		}
	}
}

// checkOurs returns an error if an object that was found after a lost answer is not ours.
func (s createSteps[T]) checkOurs(ctx context.Context, object *T) error {
	ctx, cancel := graceContext(ctx)
	defer cancel()
	if err := s.matches(ctx, object); err != nil {
		return fmt.Errorf("%w, created by somebody else in the meantime: %w", s.taken(), err)
	}
	return nil
}

// lookAgain looks for the object of a lost create. The record may appear late, so absence counts only after several
// looks over some seconds. If the service then refuses to create the object again, the lost create may be the reason,
// so the record has a minute since the first attempt. After an interrupt there is one quick look, so that the state can
// still keep an object that exists.
func (s createSteps[T]) lookAgain(ctx context.Context, timing Timing, refused bool, since time.Time) (*T, error) {
	for looks := 0; ; looks++ {
		asking, cancel := graceContext(ctx)
		object, err := s.look(asking)
		cancel()
		last := looks >= 3 && (!refused || time.Since(since) >= timing.Appearing)
		if !IsNotFound(err) || last || ctx.Err() != nil {
			return object, err
		}
		sleep(ctx, timing.Backoff<<min(looks, 3))
	}
}

// graceContext returns ctx. If ctx has ended already, it returns a context that lasts a moment longer.
func graceContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), lastLook)
}

// sleep waits for a duration, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// refused returns the error of a first create that was refused as a conflict. It says that the name is taken only if a
// look finds the object, because a conflict may have other reasons.
func (s createSteps[T]) refused(ctx context.Context, err error) error {
	if _, lookErr := s.look(ctx); IsNotFound(lookErr) {
		return err
	}
	return s.taken()
}

func (s createSteps[T]) taken() error {
	return fmt.Errorf("%s %q %w", s.Noun, s.Name, ErrExists)
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
