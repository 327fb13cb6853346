// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// applyFault answers a request as the fault says. next carries the request out.
func (s *Server) applyFault(f Fault, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	if f.Unseen > 0 {
		r = r.WithContext(context.WithValue(r.Context(), unseenKey{}, f.Unseen))
	}
	latency := f.Latency
	if f.Jitter > 0 {
		latency += rand.N(f.Jitter)
	}
	if latency > 0 && !pause(r.Context(), latency) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case f.Drop:
		drain(r)
		panic(http.ErrAbortHandler)
	case f.Hang:
		s.hang(f, r, next)
		panic(http.ErrAbortHandler)
	case f.Lose:
		next(newBufferedAnswer(), r)
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		if f.After {
			next(newBufferedAnswer(), r)
		} else {
			drain(r)
		}
		f.refusal(time.Now()).send(w, r, f.Trickle)
	case f.Alter != "" || f.Trickle > 0:
		answer := newBufferedAnswer()
		next(answer, r)
		f.Alter.apply(answer)
		answer.send(w, r, f.Trickle)
	default:
		next(w, r)
	}
}

// hang waits until the client goes away. The server notices that only once the body is read to its end, so the body is
// kept for carrying the request out later.
func (s *Server) hang(f Fault, r *http.Request, next http.HandlerFunc) {
	const largest = 64 << 20
	body, err := io.ReadAll(io.LimitReader(r.Body, largest))
	drain(r)
	<-r.Context().Done()
	if f.After && err == nil && s.ctx.Err() == nil {
		later := r.WithContext(context.WithoutCancel(r.Context()))
		later.Body = io.NopCloser(bytes.NewReader(body))
		next(newBufferedAnswer(), later)
	}
}

// refusal is the answer that a fault with a status gives.
func (f Fault) refusal(now time.Time) *bufferedAnswer {
	answer := newBufferedAnswer()
	answer.status = f.Status
	answer.body.WriteString(f.Body)
	for name, value := range f.Header {
		answer.header.Set(name, value)
	}
	switch {
	case f.RetryAfter > 0 && f.RetryDate:
		answer.header.Set("Retry-After", now.Add(f.RetryAfter).UTC().Format(http.TimeFormat))
	case f.RetryAfter > 0:
		answer.header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
	return answer
}

// bufferedAnswer is a ResponseWriter that keeps the answer, to be altered, sent or dropped.
type bufferedAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
	broken bool // the connection breaks in the middle of the body
}

func newBufferedAnswer() *bufferedAnswer {
	return &bufferedAnswer{header: http.Header{}, status: http.StatusOK}
}

func (a *bufferedAnswer) Header() http.Header            { return a.header }
func (a *bufferedAnswer) Write(body []byte) (int, error) { return a.body.Write(body) }
func (a *bufferedAnswer) WriteHeader(status int)         { a.status = status }

func (a *bufferedAnswer) send(w http.ResponseWriter, r *http.Request, trickle time.Duration) {
	maps.Copy(w.Header(), a.header)
	body := a.body.Bytes()
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.status)
	if a.broken {
		body = body[:len(body)/2]
	}
	flush := http.NewResponseController(w).Flush
	if trickle <= 0 {
		_, _ = w.Write(body)
	}
	for i := 0; trickle > 0 && i < len(body); i++ {
		if _, err := w.Write(body[i : i+1]); err != nil || flush() != nil || !pause(r.Context(), trickle) {
			panic(http.ErrAbortHandler)
		}
	}
	if a.broken {
		_ = flush()
		panic(http.ErrAbortHandler)
	}
}
