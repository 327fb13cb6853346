// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestQueuesLetOneThrough(t *testing.T) {
	t.Parallel()
	var (
		q      queues
		inside atomic.Int32
		group  sync.WaitGroup
	)
	for range 50 {
		group.Go(func() {
			leave, err := q.enter(t.Context(), "shop")
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			if n := inside.Add(1); n != 1 {
				t.Errorf("%d inside at once", n)
			}
			inside.Add(-1)
		})
	}
	group.Wait()
	if len(q.queues) != 0 {
		t.Errorf("%d queues are left over", len(q.queues))
	}
}

func TestQueuesAreApart(t *testing.T) {
	t.Parallel()
	var q queues
	for _, name := range []string{"shop", "bank"} {
		leave, err := q.enter(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
}

func TestQueuesHonourTheContext(t *testing.T) {
	t.Parallel()
	var q queues
	leave, err := q.enter(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.enter(ctx, "shop"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	leave()
	if leave, err = q.enter(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	leave()
	if len(q.queues) != 0 {
		t.Errorf("%d queues are left over", len(q.queues))
	}
}
