// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// look asks for every object that somebody waits for. If the list lacks an object, look asks for it by name.
func (p *poller[T]) look(ctx context.Context) map[string]pollResult[T] {
	at := time.Now()
	seen := map[string]pollResult[T]{}
	p.mu.Lock()
	for w := range p.waiting {
		seen[w.name] = pollResult[T]{at: at}
	}
	p.mu.Unlock()
	if len(seen) > 1 {
		items, err := p.list(ctx, api.Poll)
		if err != nil {
			for name := range seen {
				seen[name] = pollResult[T]{at: at, err: err}
			}
			return seen
		}
		for _, item := range items {
			if _, wanted := seen[p.name(item)]; wanted {
				seen[p.name(item)] = pollResult[T]{at: at, item: &item}
			}
		}
	}
	p.lookByName(ctx, seen)
	return seen
}

// lookByName asks for each object that has no result yet.
func (p *poller[T]) lookByName(ctx context.Context, seen map[string]pollResult[T]) {
	var (
		mu    sync.Mutex
		group errgroup.Group
	)
	group.SetLimit(8)
	for name, s := range maps.Clone(seen) {
		if s.item != nil {
			continue
		}
		group.Go(func() error {
			item, err := p.one(ctx, name, api.Poll)
			mu.Lock()
			defer mu.Unlock()
			seen[name] = pollResult[T]{at: s.at, item: item, err: err}
			return nil
		})
	}
	_ = group.Wait() // no function of it fails
}

// deliver hands the results to the callers that waited before the look began, and sets the time of their next look.
func (p *poller[T]) deliver(seen map[string]pollResult[T]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for w := range p.waiting {
		s, ok := seen[w.name]
		if !ok || s.at.Before(w.since) || s.at.Before(w.seen) {
			continue
		}
		w.seen = s.at
		w.due = now.Add(max(p.timing.PollPause(now.Sub(w.since)), min(api.RetryAfter(s.err), time.Minute)))
		if w.handle(s) {
			delete(p.waiting, w)
			close(w.done)
		}
	}
}
