// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// Kind says whether a call may be repeated.
type Kind int

const (
	Read            Kind = iota // may be repeated
	Poll                        // a read of a wait, which repeats by itself
	IdempotentWrite             // a write that may be carried out twice
	Write                       // a write that must not be carried out twice
)

// call makes a call and repeats it as far as its kind allows. It returns the error of the last attempt.
func (c *Client) call(ctx context.Context, r Request, decode func([]byte) error) error {
	address, err := c.address(ctx, r)
	if err != nil {
		return err
	}
	body, err := r.rawBody()
	if err != nil {
		return err
	}
	redact.Keep(r.Secrets...)
	marked := context.WithValue(ctx, attemptKey{}, new(attempts))
	req, err := retryablehttp.NewRequestWithContext(marked, r.Method, address, body)
	if err != nil {
		return fmt.Errorf("the call %s /%s cannot be made", r.Method, strings.Join(r.Path, "/"))
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	p := &retryPolicy{client: c, request: r, decode: decode, path: req.URL.EscapedPath(), begun: time.Now()}
	repeating := &retryablehttp.Client{
		HTTPClient:   c.http,
		RetryMax:     math.MaxInt,
		CheckRetry:   p.check,
		Backoff:      func(time.Duration, time.Duration, int, *http.Response) time.Duration { return p.pause },
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	// The policy's check has read the answer already, and keeps the result of the attempt.
	resp, err := repeating.Do(req)
	if resp != nil {
		_ = resp.Body.Close()
	}
	return p.result(ctx, err)
}

// retryPolicy decides after each attempt whether and when one call is repeated.
type retryPolicy struct {
	client  *Client
	request Request
	decode  func([]byte) error // nil: the answer says nothing
	path    string
	begun   time.Time

	last    *Error        // of the last attempt, nil when it succeeded
	refusal *Error        // the last answer, shown with a last attempt that got none
	busy    time.Time     // since when the object has been busy
	repeats int           // for other reasons than a busy or a new object
	pause   time.Duration // before the next attempt
}

// check implements [retryablehttp.CheckRetry].
func (p *retryPolicy) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	p.last = p.classify(resp, err)
	if p.last == nil {
		return false, nil
	}
	if p.last.Status != 0 {
		p.refusal = p.last
	}
	return ctx.Err() == nil && p.shouldRetry(ctx, p.last), nil
}

// shouldRetry decides whether to repeat the call and sets the pause.
func (p *retryPolicy) shouldRetry(ctx context.Context, e *Error) bool {
	if e.final || p.request.Kind == Poll || p.request.FailWhenBusy && e.busy() {
		return false
	}
	left := time.Duration(math.MaxInt64) // of the operation
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	budget := left // for this reason
	switch {
	case e.busy() && p.request.Kind != Read:
		// The object is working. That is no fault, so a write may use the whole time of the operation. A read of a
		// refresh has no such limit, and is repeated as after any other failure.
		if p.busy.IsZero() {
			p.busy = time.Now()
		}
		p.pause = max(p.client.timing.PollPause(time.Since(p.busy)), e.retryAfter)
		if p.pause >= left {
			e.hint = fmt.Sprintf("it has been busy for %s, and too little time is left to wait longer", time.Since(p.busy).Round(time.Second))
		}
	case e.notVisibleYet:
		// The record of a new object appears within a minute, or not at all.
		p.pause = p.client.timing.Poll
	case p.repeatable(e), p.retryUntilDeadline(ctx, e), e.busy():
		budget = p.budget(ctx, e, left)
		p.pause = p.client.timing.backoff(p.repeats, e.retryAfter)
		if e.retryAfter <= budget && budget > 0 {
			p.pause = min(p.pause, budget) // The last attempt is at the very end.
		}
		p.repeats++
	default:
		return false
	}
	if e.retryAfter > max(budget, 0) {
		e.hint = fmt.Sprintf("it asks to wait %s (Retry-After: %s), but only %s is left to repeat the call",
			e.retryAfter.Round(time.Second), e.retryHeader, max(budget, 0).Round(time.Second))
	}
	return p.pause <= budget && p.pause < left
}

type untilDeadlineKey struct{}

// UntilDeadline returns a context whose calls are repeated until its deadline instead of the client's RetryTimeout. It
// is for the last steps after an object was created: giving up early would leave the object unfinished.
func UntilDeadline(ctx context.Context) context.Context {
	return context.WithValue(ctx, untilDeadlineKey{}, true)
}

// retryUntilDeadline reports whether to repeat a call that has to succeed in the end, after something in front of the
// API refused it.
func (p *retryPolicy) retryUntilDeadline(ctx context.Context, e *Error) bool {
	return ctx.Value(untilDeadlineKey{}) != nil && p.request.Kind != Write && e.Status >= 400 && !e.hasAPIFields
}

// budget returns how much time the repeats may still take. It is at most left.
func (p *retryPolicy) budget(ctx context.Context, e *Error, left time.Duration) time.Duration {
	limit := p.client.retryTimeout
	switch {
	case ctx.Value(untilDeadlineKey{}) == nil:
	case p.repeatable(e):
		return left
	default:
		limit = p.client.timing.Failing
	}
	return min(left, limit-time.Since(p.begun))
}

// result returns the error of the whole call.
func (p *retryPolicy) result(ctx context.Context, err error) error {
	if p.last == nil && err != nil {
		p.last = p.noAnswer(err)
	}
	var loginErr *login.Error
	switch {
	case p.last == nil:
		return nil
	case errors.As(p.last, &loginErr):
		return loginErr // A sentence of its own: it is not about the call.
	case ctx.Err() == nil:
		return p.last
	case p.last.Status != 0:
		return fmt.Errorf("%w; this was the last answer before the operation ended: %w", p.last, context.Cause(ctx))
	case p.refusal != nil:
		return fmt.Errorf("%w; before that: %w", p.last, p.refusal)
	}
	return p.last
}

// backoff returns the pause before a repeat. Its jitter keeps parallel calls from returning together.
func (t Timing) backoff(repeats int, retryAfter time.Duration) time.Duration {
	if retryAfter > 0 {
		return retryAfter + rand.N(min(retryAfter/4, 2*time.Second)+time.Millisecond)
	}
	pause := t.LongestBackoff
	if repeats < 16 {
		pause = min(t.Backoff<<repeats, pause)
	}
	return pause/2 + rand.N(pause/2+1)
}
