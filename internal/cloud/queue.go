// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// queues runs the writes to one object one after the other, because the service refuses a second write while the first
// is under way. Objects of different names do not wait for each other.
type queues struct {
	mu     sync.Mutex
	queues map[string]*queue
}

type queue struct {
	turn   chan struct{} // holds one element while somebody has the turn
	length int           // those who have the turn or wait for it
	empty  chan struct{} // closed once there is none of them
}

// enter waits for the turn of a name. The turn lasts until leave is called.
func (q *queues) enter(ctx context.Context, name string) (leave func(), err error) {
	q.mu.Lock()
	own := q.queues[name]
	if own == nil {
		if q.queues == nil {
			q.queues = map[string]*queue{}
		}
		own = &queue{turn: make(chan struct{}, 1), empty: make(chan struct{})}
		q.queues[name] = own
	}
	own.length++
	q.mu.Unlock()

	select {
	case own.turn <- struct{}{}:
		return func() {
			<-own.turn
			q.quit(name, own)
		}, nil
	case <-ctx.Done():
		q.quit(name, own)
		return nil, context.Cause(ctx)
	}
}

func (q *queues) quit(name string, own *queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if own.length--; own.length == 0 {
		delete(q.queues, name)
		close(own.empty)
	}
}

// await waits until nobody has the turn of a name or waits for it, but not for longer than limit.
func (q *queues) await(ctx context.Context, name string, limit time.Duration) {
	q.mu.Lock()
	own := q.queues[name]
	q.mu.Unlock()
	if own == nil {
		return
	}
	select {
	case <-own.empty:
	case <-time.After(limit):
	case <-ctx.Done():
	}
}

// enterApplication waits for the turn to change an application. From then on until leave has been called, no read may
// use an older list of applications or of the application's secrets.
func (c *Client) enterApplication(ctx context.Context, name string) (leave func(), err error) {
	done, err := c.applicationWrites.enter(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("application %q was not changed, because another change of it was still running: %w", name, err)
	}
	stale := func() {
		c.applications.invalidate()
		c.secretsOf(name).invalidate()
	}
	stale()
	return func() {
		stale()
		done()
	}, nil
}
