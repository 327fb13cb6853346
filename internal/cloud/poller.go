// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"
)

// stalled is how long one poll may delay the next.
const stalled = 10 * time.Second

// poller looks for all callers that wait for objects of one kind. It asks for a single object by name, and reads the
// list for several. It runs while somebody waits.
type poller[T any] struct {
	reader[T]
	timing Timing
	log    *slog.Logger

	mu      sync.Mutex
	waiting map[*waiter[T]]struct{}
	stop    context.CancelFunc // ends the goroutine that looks; nil if there is none
	wake    chan struct{}      // tells it that somebody new waits
}

// pollResult is the result of one look at one object.
type pollResult[T any] struct {
	at   time.Time // when the look began
	item *T
	err  error // nil if item is there
}

// waiter is one caller that waits for one object.
type waiter[T any] struct {
	name   string
	since  time.Time
	due    time.Time // of the next look
	seen   time.Time // when the last look that it has handled began
	handle func(pollResult[T]) (done bool)
	done   chan struct{}
}

func newPoller[T any](r reader[T], timing Timing, log *slog.Logger) *poller[T] {
	return &poller[T]{reader: r, timing: timing, log: log, waiting: map[*waiter[T]]struct{}{}}
}

// wait calls handle with the result of every look, the first one after a pause, until handle returns true or ctx ends.
// In the second case it returns the cause. Calls of handle do not overlap, and there is none after wait has returned.
func (p *poller[T]) wait(ctx context.Context, name string, first time.Duration, handle func(pollResult[T]) bool) error {
	now := time.Now()
	w := &waiter[T]{name: name, since: now, due: now.Add(first), handle: handle, done: make(chan struct{})}
	p.join(ctx, w)
	defer p.leave(w)
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *poller[T]) join(ctx context.Context, w *waiter[T]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[w] = struct{}{}
	if p.stop == nil {
		running, stop := context.WithCancel(context.WithoutCancel(ctx))
		p.stop, p.wake = stop, make(chan struct{}, 1)
		go p.run(running, p.wake)
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *poller[T]) leave(w *waiter[T]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, w)
	if len(p.waiting) == 0 && p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

func (p *poller[T]) run(ctx context.Context, wake <-chan struct{}) {
	for {
		pause, ok := p.next(ctx)
		if !ok {
			return
		}
		select {
		case <-wake:
			continue
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		looked := make(chan struct{})
		go func() {
			defer close(looked)
			p.deliver(p.look(ctx))
		}()
		select {
		case <-looked:
		case <-time.After(stalled):
		case <-ctx.Done():
			return
		}
	}
}

// next returns the time until the next look. If nobody waits any more, it stops the run and returns false.
func (p *poller[T]) next(ctx context.Context) (pause time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return 0, false
	}
	if len(p.waiting) == 0 {
		p.stop()
		p.stop = nil
		return 0, false
	}
	pause = time.Duration(math.MaxInt64)
	for w := range p.waiting {
		pause = min(pause, time.Until(w.due))
	}
	return pause, true
}
