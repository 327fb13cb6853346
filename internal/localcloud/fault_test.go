// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

const createABD = `{"Name":"abd","AdminName":"alice","AdminPassword":"12345678"}`

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
			hangs(t, s, "POST", "databases/userdb", createABC)
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
			// The fault is used up.
			want(t, s, "POST", "databases/userdb", createABD, 200, "")
		})
	}
}

// hangs makes a call that must hang. Its client goes away a moment after the fault has hit the call, so that the call
// has arrived however slow the machine is.
func hangs(t *testing.T, s *Server, method, path, body string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		hit := func(f ActiveFault) bool { return f.Hits > 0 }
		for !slices.ContainsFunc(s.Faults(), hit) && pause(ctx, time.Millisecond) {
		}
		pause(ctx, 200*time.Millisecond)
	}()
	resp, err := sendContext(ctx, t, s, method, "/v1alpha1/local/"+path, body)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it does not hang: %v", err)
	}
	if err == nil {
		_ = resp.Body.Close()
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
