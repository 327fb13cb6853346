// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/share"
)

// reader reads one kind of object.
type reader[T any] struct {
	noun   string                 // "database instance"
	isNew  func(name string) bool // whether this process has just created it, so that it may not be found yet; nil: never
	one    func(ctx context.Context, name string, how api.Kind) (*T, error)
	list   func(ctx context.Context, how api.Kind) ([]T, error)
	name   func(T) string
	status func(T) string
}

// cache lets the reads of a refresh share one list call. A single read asks for its own object. If a second read comes
// at the same time or soon after, it fetches the list. The list then answers all reads for a few seconds, and longer
// while they follow one another without a pause, as those of one refresh do. Our own write ends that at once.
type cache[T any] struct {
	reader[T]
	timing Timing

	mu          sync.Mutex
	writes      int          // how often invalidate was called
	items       map[string]T // the last list, nil after a write
	fetchedAt   time.Time
	servedAt    time.Time // when it last answered a read
	singleReads int       // reads of a single object under way
	lastRead    time.Time // when the last of them ended
	asking      share.Call[map[string]T]
	looking     share.Call[map[string]T] // as asking, but of those who want no list of before
}

func newCache[T any](r reader[T], timing Timing) *cache[T] {
	return &cache[T]{reader: r, timing: timing}
}

// get reads one object. It returns an IsNotFound error only if the API says of that object that it does not exist. It
// is not enough that a list lacks the object.
func (c *cache[T]) get(ctx context.Context, name string) (*T, error) {
	c.mu.Lock()
	if c.isOnlyRead() {
		c.singleReads++
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.singleReads--
			c.lastRead = time.Now()
		}()
		return c.one(ctx, name, api.Read)
	}
	c.mu.Unlock()

	items, err := c.cachedList(ctx)
	if err != nil {
		return nil, err
	}
	if item, ok := items[name]; ok {
		return &item, nil
	}
	return c.one(ctx, name, api.Read)
}

// isOnlyRead reports whether a read asks for its object alone: there is no fresh list, and no other read is under way
// or has just ended. The caller holds the mutex.
func (c *cache[T]) isOnlyRead() bool {
	return !c.fresh() && c.asking.Waiting() == 0 && c.singleReads == 0 && time.Since(c.lastRead) > time.Second
}

// fresh reports whether the list serves. A refresh of ten thousand objects takes longer than a few seconds, and would
// otherwise fetch the list again and again. The caller holds the mutex.
func (c *cache[T]) fresh() bool {
	age, pause := time.Since(c.fetchedAt), time.Since(c.servedAt)
	longest, longestPause := 12*c.timing.Shared, c.timing.Shared/10
	return c.items != nil && (age < c.timing.Shared || age < longest && pause < longestPause)
}

// all reads the list, sorted by name.
func (c *cache[T]) all(ctx context.Context) ([]T, error) {
	items, err := c.cachedList(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]T, 0, len(items))
	for _, name := range slices.Sorted(maps.Keys(items)) {
		all = append(all, items[name])
	}
	return all, nil
}

// cachedList returns the current list by name. If there is none, it joins the call that is under way or starts one.
func (c *cache[T]) cachedList(ctx context.Context) (map[string]T, error) {
	if items := c.current(); items != nil {
		return items, nil
	}
	return c.asking.Do(ctx, c.fetch)
}

// current returns the list if it is still fresh, else nil.
func (c *cache[T]) current() map[string]T {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.fresh() {
		return nil
	}
	c.servedAt = time.Now()
	return c.items
}

func (c *cache[T]) fetch(ctx context.Context) (map[string]T, error) {
	if items := c.current(); items != nil {
		return items, nil
	}
	return c.ask(ctx)
}

// latest asks the API for the list. Callers at the same time share the call, but none uses a list of before, or one
// that was asked for before our last write.
func (c *cache[T]) latest(ctx context.Context) (map[string]T, error) {
	return c.looking.Do(ctx, c.ask)
}

func (c *cache[T]) ask(ctx context.Context) (map[string]T, error) {
	c.mu.Lock()
	writes := c.writes
	c.mu.Unlock()
	list, err := c.list(ctx, api.Read)
	if err != nil {
		return nil, err
	}
	items := make(map[string]T, len(list))
	for _, item := range list {
		items[c.name(item)] = item
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writes == writes {
		c.items, c.fetchedAt, c.servedAt = items, time.Now(), time.Now()
	}
	return items, nil
}

// invalidate makes later reads ask the API again. Callers call it before and after each write, because an answer that
// was under way meanwhile may be older than the write.
func (c *cache[T]) invalidate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	c.items = nil
	c.asking.Forget()
	c.looking.Forget()
}
