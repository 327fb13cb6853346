// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	for want, f := range map[string]Fault{
		"7":                             {Status: 429, RetryAfter: 7 * time.Second},
		"Fri, 02 Jan 2026 02:05:05 GMT": {Status: 429, RetryAfter: time.Minute, RetryDate: true},
		"":                              {Status: 429},
	} {
		if got := f.refusal(now).header.Get("Retry-After"); got != want {
			t.Errorf("%+v says %q, want %q", f, got, want)
		}
	}
}

// A hanging request with After is carried out once the client has gone away.
func TestHangingRequestIsCarriedOutLater(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Inject(Fault{Method: "POST", Times: 1, Hang: true, After: true})
	hangs(t, s, "POST", "databases/userdb", createABC)
	await(t, s, "databases/userdb/info/abc", `"Status":"available"`)
}

func TestInjectRefusesWhatDoesNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	defer func() {
		if recover() == nil {
			t.Error("a fault that does nothing is taken")
		}
	}()
	s.Inject(Fault{Times: 1})
}
