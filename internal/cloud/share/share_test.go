// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package share

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// call takes a second and counts its runs.
func call(runs *atomic.Int64) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) {
		run := runs.Add(1)
		select {
		case <-time.After(time.Second):
			return run, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			c    Call[int64]
			runs atomic.Int64
			all  sync.WaitGroup
		)
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		all.Go(func() { // It begins the run, and leaves.
			if _, err := c.Do(impatient, call(&runs)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the impatient one got %v", err)
			}
		})
		synctest.Wait()
		for range 9 {
			all.Go(func() {
				if got, err := c.Do(t.Context(), call(&runs)); got != 1 || err != nil {
					t.Errorf("%d, %v", got, err)
				}
			})
		}
		synctest.Wait()
		if n := c.Waiting(); n != 10 {
			t.Errorf("%d are waiting", n)
		}
		all.Wait()
		if n := c.Waiting(); n != 0 {
			t.Errorf("%d are waiting afterwards", n)
		}
		if got, err := c.Do(t.Context(), call(&runs)); got != 2 || err != nil {
			t.Errorf("a later one got %d, %v", got, err)
		}
	})
}

// TestLastOneLeaves checks that a run without callers ends and cannot be joined.
func TestLastOneLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			c     Call[int64]
			ended error
		)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := c.Do(ctx, func(ctx context.Context) (int64, error) {
			<-ctx.Done()
			ended = ctx.Err()
			return 0, ended
		})
		var runs atomic.Int64
		got, next := c.Do(t.Context(), call(&runs))
		if !errors.Is(err, context.DeadlineExceeded) || ended == nil || got != 1 || next != nil {
			t.Errorf("%v; the run ended with %v; the next got %d, %v", err, ended, got, next)
		}
	})
}

// TestForget begins a second run while the first goes on. The end of the first leaves the second open for more callers.
func TestForget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			c    Call[int64]
			runs atomic.Int64
			all  sync.WaitGroup
		)
		do := func(want int64) {
			if got, err := c.Do(t.Context(), call(&runs)); got != want || err != nil {
				t.Errorf("%d, %v, want %d", got, err, want)
			}
		}
		all.Go(func() { do(1) })
		time.Sleep(time.Second / 2)
		c.Forget()
		all.Go(func() { do(2) })
		time.Sleep(3 * time.Second / 4) // The first run has ended.
		all.Go(func() { do(2) })
		all.Wait()
	})
}
