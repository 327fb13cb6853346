// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRequests(t *testing.T) {
	t.Parallel()
	s := start(t, slowly, func(o *Options) { o.KeepBodies = true })
	s.Inject(Fault{Method: "DELETE", Drop: true})
	s.Inject(Fault{Method: "PUT", Lose: true})
	askPath(t, s, "GET", "/v1alpha1/user/profile", "")
	ask(t, s, "POST", "databases/userdb", createABC)
	ask(t, s, "GET", "databases/userdb/info/a%20b", "")
	broken(t, s, "DELETE", "databases/userdb/abc", "")
	broken(t, s, "PUT", "nothing", "")
	askPath(t, s, "GET", "/localcloud/requests", "")

	requests := s.Requests()
	wants := []struct {
		method, path string
		status       int
		outcome      int
		body         string
	}{
		{"GET", "/v1alpha1/user/profile", 200, 200, ""},
		{"POST", "/v1alpha1/local/databases/userdb", 200, 200, createABC},
		{"GET", "/v1alpha1/local/databases/userdb/info/a%20b", 404, 404, ""},
		{"DELETE", "/v1alpha1/local/databases/userdb/abc", 0, 0, ""},
		{"PUT", "/v1alpha1/local/nothing", 0, 404, ""},
	}
	if len(requests) != len(wants) {
		t.Fatalf("%d requests: %v", len(requests), requests)
	}
	for i, want := range wants {
		got := requests[i]
		if got.Method != want.method || got.Path != want.path || got.Status != want.status || got.Outcome != want.outcome || string(got.Body) != want.body {
			t.Errorf("request %d is %s %s %d %d %s", i, got.Method, got.Path, got.Status, got.Outcome, got.Body)
		}
		if got.Header.Get("Authorization") != "Bearer "+s.connection.Token || time.Since(got.Time) > time.Minute {
			t.Errorf("request %d is of %s with %v", i, got.Time, got.Header)
		}
	}
	for pattern, want := range map[string]int{"": 5, "user/profile": 1, "databases/userdb/info/*": 1, "databases/userdb": 1, "databases": 0, "/databases/userdb": 1, "[": 0} {
		if got := s.Count("", pattern); got != want {
			t.Errorf("Count of %q is %d, want %d", pattern, got, want)
		}
	}
	if got := s.Count(http.MethodPost, ""); got != 1 {
		t.Errorf("%d POSTs", got)
	}
}

func TestRequestLogIsBounded(t *testing.T) {
	t.Parallel()
	var l requestLog
	for range keptRequests + 1 {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		l.begin(r)
	}
	if got := len(l.entries); got != keptRequests-keptRequests/10+1 {
		t.Errorf("%d are kept", got)
	}
}

// The request log is bounded in bytes, with bodies and without.
func TestRequestLogIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	for _, keepBodies := range []bool{false, true} {
		l := requestLog{keepBodies: keepBodies}
		for range 3000 {
			path := "/" + strings.Repeat("x", 30<<10)
			r, err := http.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(strings.Repeat("x", 100<<10)))
			if err != nil {
				t.Fatal(err)
			}
			entry := l.begin(r)
			_, _ = io.Copy(io.Discard, r.Body)
			l.end(entry, r, 401, 401)
		}
		total := 0
		for _, entry := range l.entries {
			total += entry.size()
		}
		if total > keptBytes || total != l.bytes || total < keptBytes/2 {
			t.Errorf("%d bytes are kept and %d counted, at most %d", total, l.bytes, keptBytes)
		}
		if got := len(l.entries[len(l.entries)-1].Body); (got > 0) != keepBodies {
			t.Errorf("%d bytes of a body are kept", got)
		}
	}
}
