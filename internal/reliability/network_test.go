// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// roughNetwork stands between the provider and the local cloud. It delays every request, refuses those above a rate,
// and carries some out without passing on the answer.
type roughNetwork struct {
	forward    http.Handler
	limit      *rate.Limiter
	longest    time.Duration // of the delay of one request
	loses      float64       // share of the answers that are lost
	retryAfter time.Duration // what a refusal asks for, in whole seconds

	mu        sync.Mutex
	random    *rand.Rand
	refused   map[string]time.Time // when a write was refused, by its method, path and body
	throttled int
	lost      int
	hasty     []string // writes that came again before the refusal allowed it
}

func newRoughNetwork(t *testing.T, endpoint string, seed uint64) *roughNetwork {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return &roughNetwork{
		forward:    &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }},
		limit:      rate.NewLimiter(20, 20),
		longest:    100 * time.Millisecond,
		loses:      0.05,
		retryAfter: time.Second,
		random:     rand.New(rand.NewPCG(seed, 0)),
		refused:    map[string]time.Time{},
	}
}

func (n *roughNetwork) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !n.admit(r.Method, r.URL.Path, string(body)) {
		w.Header().Set("Retry-After", fmt.Sprint(int(n.retryAfter.Seconds())))
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"message":"too many requests","statusCode":429,"requestID":"throttle"}`)
		return
	}
	delay, lose := n.luck()
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return
	}
	if lose {
		n.forward.ServeHTTP(&unseen{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	}
	n.forward.ServeHTTP(w, r)
}

// admit applies the rate. Reads of one path have many callers, so that only writes show whether a caller has waited.
func (n *roughNetwork) admit(method, path, body string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	write := method + " " + path + " " + body
	if at, ok := n.refused[write]; ok && method != http.MethodGet && time.Since(at) < n.retryAfter {
		n.hasty = append(n.hasty, method+" "+path)
	}
	if n.limit.Allow() {
		delete(n.refused, write)
		return true
	}
	n.throttled++
	n.refused[write] = time.Now()
	return false
}

func (n *roughNetwork) luck() (delay time.Duration, lose bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delay = time.Duration(n.random.Int64N(int64(n.longest)))
	if lose = n.random.Float64() < n.loses; lose {
		n.lost++
	}
	return delay, lose
}

// unseen takes an answer that is lost.
type unseen struct{ header http.Header }

func (u *unseen) Header() http.Header               { return u.header }
func (u *unseen) Write(content []byte) (int, error) { return len(content), nil }
func (u *unseen) WriteHeader(int)                   {}
