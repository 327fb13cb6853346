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

	mu       sync.Mutex
	random   *rand.Rand
	refusals []time.Time
	refused  map[call]time.Time // writes that have not come again yet
	hasty    []call             // writes that came again before the refusal allowed it
	admitted map[call]int
	lost     int
}

// call is a request, less what differs from one attempt to the next.
type call struct{ method, path, body string }

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
		refused:    map[call]time.Time{},
		admitted:   map[call]int{},
	}
}

func (n *roughNetwork) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !n.admit(call{r.Method, r.URL.Path, string(body)}) {
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

// admit applies the rate. Several callers may send the same read, so that only a write tells whether its caller has
// waited.
func (n *roughNetwork) admit(c call) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	if at, ok := n.refused[c]; ok && c.method != http.MethodGet && now.Sub(at) < n.retryAfter {
		n.hasty = append(n.hasty, c)
	}
	if n.limit.Allow() {
		delete(n.refused, c)
		n.admitted[c]++
		return true
	}
	n.refused[c] = now
	n.refusals = append(n.refusals, now)
	return false
}

// mostRefused is how many requests were refused within one Retry-After. Each caller waits that long after a refusal, so
// that it is at most the number of callers.
func (n *roughNetwork) mostRefused() int {
	most, first := 0, 0
	for last := range n.refusals {
		for n.refusals[last].Sub(n.refusals[first]) >= n.retryAfter {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
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
