// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/share"
)

// objects is how one kind of object is asked for.
type objects[T any] struct {
	noun   string                 // "database instance"
	isNew  func(name string) bool // this process has just created it: it may not be found yet; nil: none is
	one    func(ctx context.Context, name string, how api.Kind) (*T, error)
	list   func(ctx context.Context, how api.Kind) ([]T, error)
	name   func(T) string
	status func(T) string
}

// snapshot lets the reads of a refresh share one list call instead of asking a question each. One lone read asks for its
// object; once a second comes while the first is under way, or soon after, the list answers both it and those that follow,
// for a few seconds or until a write of ours.
type cache[T any] struct {
	objects[T]
	timing Timing

	mu       sync.Mutex
	writes   int          // counts what makes earlier lists stale
	items    map[string]T // of the last list, nil when there is none that serves
	taken    time.Time
	alone    int       // lone reads under way
	lastRead time.Time // when the last one ended
	asking   share.Call[map[string]T]
}

func newCache[T any](o objects[T], timing Timing) *cache[T] {
	return &cache[T]{objects: o, timing: timing}
}

// get reads one object. An IsNotFound error is the API's own word on that very object, never a list's silence.
func (s *cache[T]) get(ctx context.Context, name string) (*T, error) {
	s.mu.Lock()
	if s.lonely() {
		s.alone++
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.alone--
			s.lastRead = time.Now()
		}()
		return s.one(ctx, name, api.Read)
	}
	s.mu.Unlock()

	items, err := s.listed(ctx)
	if err != nil {
		return nil, err
	}
	if item, ok := items[name]; ok {
		return &item, nil
	}
	return s.one(ctx, name, api.Read)
}

// lonely reports whether nobody else reads just now. The mutex is held.
func (s *cache[T]) lonely() bool {
	return !s.fresh() && s.asking.Waiting() == 0 && s.alone == 0 && time.Since(s.lastRead) > time.Second
}

func (s *cache[T]) fresh() bool {
	return s.items != nil && time.Since(s.taken) < s.timing.Shared
}

// all reads the list.
func (s *cache[T]) all(ctx context.Context) ([]T, error) {
	list, err := s.listed(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]T, 0, len(list))
	for _, item := range list {
		all = append(all, item)
	}
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(s.name(a), s.name(b)) })
	return all, nil
}

// listed returns the list that serves now, by name, or waits for the one that is under way, or begins it.
func (s *cache[T]) listed(ctx context.Context) (map[string]T, error) {
	if items, _ := s.serving(); items != nil {
		return items, nil
	}
	return s.asking.Do(ctx, s.fetch)
}

// serving returns the list that serves now, nil if there is none, and the number of writes so far.
func (s *cache[T]) serving() (map[string]T, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fresh() {
		return nil, s.writes
	}
	return s.items, s.writes
}

func (s *cache[T]) fetch(ctx context.Context) (map[string]T, error) {
	items, writes := s.serving()
	if items != nil {
		return items, nil
	}
	list, err := s.list(ctx, api.Read)
	if err != nil {
		return nil, err
	}
	items = make(map[string]T, len(list))
	for _, item := range list {
		items[s.name(item)] = item
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writes == writes {
		s.items, s.taken = items, time.Now()
	}
	return items, nil
}

// stale makes every read that begins from now on ask again. It is called before and after each write: an answer that was
// under way meanwhile may be of before the write.
func (s *cache[T]) stale() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	s.items = nil
	s.asking.Forget()
}
