// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// condition says when a wait ends.
type condition[T any] struct {
	reached func(item T, at time.Time) bool // may keep state between calls; nil if gone
	deadEnd func(T) bool                    // nil: no status is a dead end
	gone    bool                            // it ends when the object is not found
	unseen  bool                            // at first, the object may not be found yet
	soon    bool                            // the first look is at once
}

// waitFor waits until a condition is reached and returns the object, or nil if it is gone.
func waitFor[T any](ctx context.Context, p *poller[T], name string, end condition[T]) (*T, error) {
	w := &waitState[T]{condition: end, poller: p, ctx: ctx, name: name, begun: time.Now()}
	first := p.timing.Poll
	if end.soon {
		first = 0
	}
	if ended := p.wait(ctx, name, first, w.handle); ended != nil {
		w.err = ended
		if w.failure != nil {
			w.err = fmt.Errorf("%w; the last read that failed: %w", ended, w.failure)
		}
	}
	if w.err != nil || w.stuck {
		return nil, &WaitError{Kind: p.noun, Name: name, Status: w.status, DeadEnd: w.stuck, Err: w.err}
	}
	return w.item, nil
}

// waitState is the state of one wait.
type waitState[T any] struct {
	condition[T]
	poller *poller[T]
	ctx    context.Context // for the log lines
	name   string
	begun  time.Time

	status   string
	loggedAt time.Time // of the last log line
	failure  error     // of the last look, nil if it succeeded
	failing  time.Time // since when every look has failed
	item     *T
	stuck    bool // in a dead end
	err      error
}

// handle evaluates one look and reports whether the wait is over.
func (w *waitState[T]) handle(s pollResult[T]) (over bool) {
	switch {
	case IsNotFound(s.err) && w.gone:
		return true
	case IsNotFound(s.err) && !w.mayAppear():
		w.err = s.err
		return true
	case s.err != nil:
		return w.failed(s)
	}
	w.failing = time.Time{}
	w.progress(w.poller.status(*s.item))
	switch {
	case w.gone:
		return false
	case w.reached(*s.item, s.at):
		w.item = s.item
		return true
	}
	w.stuck = w.deadEnd != nil && w.deadEnd(*s.item)
	return w.stuck
}

// mayAppear reports whether the record of the object may still appear.
func (w *waitState[T]) mayAppear() bool {
	return w.unseen && time.Since(w.begun) < w.poller.timing.Appearing || w.poller.isNew != nil && w.poller.isNew(w.name)
}

func (w *waitState[T]) failed(s pollResult[T]) (over bool) {
	if w.failing.IsZero() {
		w.failing = s.at
	}
	w.failure = s.err
	switch lasted := time.Since(w.failing); {
	case api.IsPermanent(s.err):
		w.err = s.err
	case lasted >= w.poller.timing.Failing:
		w.err = fmt.Errorf("every read failed for %s, the last one with: %w", lasted.Round(time.Second), s.err)
	}
	return w.err != nil
}

// progress logs a status when it changes, and once a minute.
func (w *waitState[T]) progress(status string) {
	if status == w.status && time.Since(w.loggedAt) < time.Minute {
		return
	}
	w.status, w.loggedAt = status, time.Now()
	w.poller.log.LogAttrs(w.ctx, slog.LevelInfo, "waiting for "+w.poller.noun,
		slog.String("name", w.name), slog.String("status", status), slog.Duration("waited", time.Since(w.begun)))
}
