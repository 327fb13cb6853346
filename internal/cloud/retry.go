// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// kind says what the repetition of a call would mean.
type kind int

const (
	read     kind = iota // may be repeated at will
	poll                 // a read of a wait, which does the repeating itself
	harmless             // a write that may be carried out twice
	once                 // a write that must not
)

// send makes a call and repeats it as far as its kind allows. Its error is that of the last attempt.
func (c *Client) send(ctx context.Context, r request, decode func([]byte) error) error {
	address, err := c.url(ctx, r)
	if err != nil {
		return err
	}
	body, err := r.rawBody()
	if err != nil {
		return err
	}
	marked := context.WithValue(ctx, attemptKey{}, &attempts{secrets: r.secrets})
	req, err := retryablehttp.NewRequestWithContext(marked, r.method, address, body)
	if err != nil {
		return fmt.Errorf("the request %s cannot be made", r.method)
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	p := &policy{client: c, request: r, decode: decode, path: req.URL.EscapedPath(), begun: time.Now()}
	repeating := &retryablehttp.Client{
		HTTPClient:   c.http,
		RetryMax:     math.MaxInt,
		CheckRetry:   p.check,
		Backoff:      p.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	resp, err := repeating.Do(req)
	if resp != nil {
		_ = resp.Body.Close()
	}
	return p.result(ctx, err)
}

// policy decides, attempt by attempt, whether one call is repeated and when.
type policy struct {
	client  *Client
	request request
	decode  func([]byte) error
	path    string
	begun   time.Time

	last    *Error        // of the last attempt, nil when it succeeded
	refusal *Error        // the last answer, for when the time runs out
	busy    time.Time     // since when the object has been busy
	repeats int           // for other reasons
	pause   time.Duration // before the next attempt
}

// check implements [retryablehttp.CheckRetry].
func (p *policy) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	p.last = p.judge(resp, err)
	if p.last == nil {
		return false, nil
	}
	if p.last.Status != 0 {
		p.refusal = p.last
	}
	return ctx.Err() == nil && p.again(ctx, p.last), nil
}

// backoff implements [retryablehttp.Backoff].
func (p *policy) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return p.pause }

// again decides on a repetition and sets the pause before it.
func (p *policy) again(ctx context.Context, e *Error) bool {
	left := time.Duration(math.MaxInt64)
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	switch {
	case e.final || p.request.kind == poll:
		return false
	case e.busy():
		if p.busy.IsZero() {
			p.busy = time.Now()
		}
		p.pause = max(p.client.timing.pollPause(time.Since(p.busy)), e.retryAfter)
	case p.repeatable(e):
		budget := p.client.retryTimeout - time.Since(p.begun)
		left = min(left, budget)
		if left <= 0 {
			return false
		}
		p.pause = p.client.timing.backoff(p.repeats, e.retryAfter)
		if e.retryAfter <= left && budget == left {
			p.pause = min(p.pause, left) // the last attempt is at the very end
		}
		p.repeats++
	default:
		return false
	}
	if e.retryAfter > left {
		e.hint = fmt.Sprintf("it asks to wait %s (Retry-After), longer than the %s left to repeat the call",
			e.retryAfter, left.Round(time.Second))
	}
	return p.pause <= left
}

// repeatable reports whether a failed call may be repeated within the retry timeout.
func (p *policy) repeatable(e *Error) bool {
	if p.request.kind == once {
		return e.Status == 0 && !e.unknown || e.Status == http.StatusTooManyRequests
	}
	switch {
	case e.notFound:
		return false
	case e.Status == 0, e.Status >= 500, e.Status < 300:
		return true
	}
	return e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests
}

// loginFailed reports whether the attempt ended before it was sent, for want of a token. The login repeats by itself.
func loginFailed(err error) bool {
	var login *loginError
	return errors.As(err, &login) || errors.Is(err, ErrNoLogin)
}

// result is the error of the whole call.
func (p *policy) result(ctx context.Context, err error) error {
	if p.last == nil && err == nil {
		return nil
	}
	if ctx.Err() == nil {
		if p.last == nil {
			return p.noAnswer(err)
		}
		return p.last
	}
	cause := context.Cause(ctx)
	switch {
	case p.last == nil:
		return &Error{Method: p.request.method, Path: p.path, Message: cause.Error(), err: cause}
	case p.last.Status == 0 && p.refusal != nil:
		return fmt.Errorf("%w; before that: %w", p.last, p.refusal)
	case p.last.Status == 0:
		return p.last
	}
	return fmt.Errorf("%w; no success until the operation ended: %w", p.last, cause)
}

// backoff is the pause before the given repetition. The jitter keeps parallel calls from coming back together.
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
