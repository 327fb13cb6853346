// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

const createABD = `{"Name":"abd","AdminName":"alice","AdminPassword":"12345678"}`

// broken makes a call whose connection is broken without an answer.
func broken(t *testing.T, s *Server, method, path, body string) {
	t.Helper()
	resp, err := send(t, s, method, "/v1alpha1/local/"+path, body)
	if err == nil {
		status, answer := read(t, resp)
		t.Errorf("%s %s is answered %d %s", method, path, status, answer)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault  Fault
		play   func(t *testing.T, s *Server)
		exists bool // whether abc was created
	}{
		"lose": {Fault{Lose: true}, func(t *testing.T, s *Server) {
			broken(t, s, "POST", "databases/userdb", createABC)
		}, true},
		"drop": {Fault{Drop: true}, func(t *testing.T, s *Server) {
			broken(t, s, "POST", "databases/userdb", createABC)
		}, false},
		"status": {Fault{Status: 502, Body: "<html>"}, func(t *testing.T, s *Server) {
			want(t, s, "POST", "databases/userdb", createABC, 502, "<html>")
		}, false},
		"status after": {Fault{Status: 504, After: true}, func(t *testing.T, s *Server) {
			want(t, s, "POST", "databases/userdb", createABC, 504, "")
		}, true},
		"hang": {Fault{Hang: true}, func(t *testing.T, s *Server) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			resp, err := sendContext(ctx, t, s, "POST", "/v1alpha1/local/databases/userdb", createABC)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("it does not hang: %v", err)
			}
			if err == nil {
				_ = resp.Body.Close()
			}
		}, false},
		"latency": {Fault{Latency: 50 * time.Millisecond}, func(t *testing.T, s *Server) {
			begun := time.Now()
			want(t, s, "POST", "databases/userdb", createABC, 200, "")
			if took := time.Since(begun); took < 50*time.Millisecond {
				t.Errorf("it took %s", took)
			}
		}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, slowly)
			test.fault.Method, test.fault.Path, test.fault.Times = "POST", "databases/userdb", 1
			s.Inject(test.fault)
			test.play(t, s)
			if status, _ := ask(t, s, "GET", "databases/userdb/info/abc", ""); (status == 200) != test.exists {
				t.Errorf("then abc is %d", status)
			}
			// It is used up.
			want(t, s, "POST", "databases/userdb", createABD, 200, "")
		})
	}
}

func TestFaultHeader(t *testing.T) {
	t.Parallel()
	s := start(t)
	remove := s.Inject(Fault{Status: 429, Header: map[string]string{"Retry-After": "7"}})
	resp, err := send(t, s, "GET", "/v1alpha1/user/profile", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "7" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	remove()
	want(t, s, "GET", "databases", "", 200, "[]")
}

func TestWhichRequestsAFaultHits(t *testing.T) {
	t.Parallel()
	const (
		list    = "GET /v1alpha1/local/databases"
		info    = "GET /v1alpha1/local/databases/userdb/info/abc"
		profile = "GET /v1alpha1/user/profile"
		token   = "POST /oauth/token"
	)
	tests := map[string]struct {
		fault    Fault
		requests []string
		hits     string // of the requests in turn, x for a hit
	}{
		"all":                        {Fault{}, []string{list, info, profile, token}, "xxxx"},
		"times":                      {Fault{Times: 2}, []string{list, list, list, list}, "xx.."},
		"skip":                       {Fault{Skip: 2}, []string{list, list, list, list}, "..xx"},
		"skip and times":             {Fault{Skip: 1, Times: 2}, []string{list, list, list, list}, ".xx."},
		"method":                     {Fault{Method: "POST"}, []string{list, token}, ".x"},
		"path":                       {Fault{Path: "databases"}, []string{list, info}, "x."},
		"pattern":                    {Fault{Path: "databases/userdb/info/*"}, []string{list, info}, ".x"},
		"profile":                    {Fault{Path: "user/profile"}, []string{list, profile}, ".x"},
		"token":                      {Fault{Path: "oauth/token"}, []string{list, token}, ".x"},
		"skips what it matches only": {Fault{Path: "databases", Skip: 1}, []string{info, list, info, list}, "...x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f faultList
			f.add(test.fault)
			hits := ""
			for _, request := range test.requests {
				method, path, _ := strings.Cut(request, " ")
				if _, hit := f.hit(method, path, time.Now()); hit {
					hits += "x"
				} else {
					hits += "."
				}
			}
			if hits != test.hits {
				t.Errorf("it hits %s, want %s", hits, test.hits)
			}
		})
	}
}

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

func TestAdmin(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := func(method, path, body string, status int, answer string) {
		t.Helper()
		if gotStatus, got := askPath(t, s, method, "/localcloud/"+path, body); gotStatus != status || got != answer {
			t.Errorf("%s %s %s is answered\n%d %s\nwant\n%d %s", method, path, body, gotStatus, got, status, answer)
		}
	}
	admin("GET", "faults", "", 200, `[]`)
	admin("POST", "faults", `{"method":"GET","path":"databases","times":1,"status":503,"header":{"X-A":"1"},"retry_after":"2s","body":"no"}`, 200,
		`{"id":1,"hits":0,"fault":{"method":"GET","path":"databases","times":1,"status":503,"header":{"X-A":"1"},"body":"no","retry_after":"2s"}}`)
	admin("POST", "faults", `{"latency":"1ms","lose":true,"skip":1000}`, 200, `{"id":2,"hits":0,"fault":{"skip":1000,"lose":true,"latency":"1ms"}}`)
	want(t, s, "GET", "databases", "", 503, "no")
	admin("GET", "faults", "", 200,
		`[{"id":1,"hits":1,"fault":{"method":"GET","path":"databases","times":1,"status":503,"header":{"X-A":"1"},"body":"no","retry_after":"2s"}},{"id":2,"hits":0,"fault":{"skip":1000,"lose":true,"latency":"1ms"}}]`)
	admin("DELETE", "faults/1", "", 204, "")
	admin("DELETE", "faults/1", "", 404, `{"message":"fault 1 not found","statusCode":404,"requestID":"ID"}`)
	admin("DELETE", "faults", "", 204, "")
	admin("GET", "faults", "", 200, `[]`)

	status, requests := askPath(t, s, "GET", "/localcloud/requests", "")
	if status != 200 || !strings.HasPrefix(requests, `[{"method":"GET","path":"/v1alpha1/local/databases","status":503,"time":"`) || strings.Contains(requests, "Bearer") {
		t.Errorf("the requests are %d %s", status, requests)
	}
	for body, message := range map[string]string{
		`{}`:                               "a fault has one of drop, lose, hang, status, alter, latency, jitter, trickle and unseen",
		`{"times":3,"path":"databases"}`:   "a fault has one of drop, lose, hang, status, alter, latency, jitter, trickle and unseen",
		`{"lose":true,"drop":true}`:        "drop, lose, hang, status and alter exclude each other",
		`{"status":200,"alter":"empty"}`:   "drop, lose, hang, status and alter exclude each other",
		`{"status":99}`:                    "status 99 is not one of 200 to 599",
		`{"latency":"soon"}`:               `the request body is not a fault: \"soon\" is not a duration such as 500ms`,
		`{"latency":"1s","after":true}`:    "after belongs to a status or a hang",
		`{"latency":"1s","body":"x"}`:      "header, body and retry_after belong to a status",
		`{"status":429,"retry_date":true}`: "retry_date belongs to retry_after",
		`{"drop":true,"trickle":"1ms"}`:    "trickle needs an answer",
		`{"drop":true,"latency":"-1s"}`:    "a duration is not negative",
		`{"drop":true,"chance":1.5}`:       "chance 1.5 is not between 0 and 1",
		`{"drop":true,"rate":-1}`:          "rate is not negative",
		`{"alter":"nothing"}`:              `alter \"nothing\" is not one of [break truncate empty null html types duplicate-keys gzip huge omit repeat reverse]`,
		`{"drop":true,"times":-1}`:         "skip and times are not negative",
		`{"drop":true,"path":"["}`:         `path \"[\" is not a pattern such as databases/userdb/*`,
		`{"dropp":true}`:                   `the request body is not a fault: json: unknown field \"dropp\"`,
	} {
		admin("POST", "faults", body, 400, `{"message":"`+message+`","statusCode":400,"requestID":"ID"}`)
	}
}
