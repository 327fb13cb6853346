// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"cmp"
	"time"
)

// Timing holds the pauses of a client. Zero stands for the default; tests use shorter ones.
type Timing struct {
	Poll           time.Duration // first pause of a wait and the shortest one: 1 s
	LongestPoll    time.Duration // 15 s
	Settled        time.Duration // unbroken ready that counts after a credentials call: 5 s
	Appearing      time.Duration // how long a wait after a create tolerates not-found: 1 min
	Failing        time.Duration // the longest unbroken run of failed polls: 10 min
	Backoff        time.Duration // first pause before a repeat: 0.5 s
	LongestBackoff time.Duration // 15 s
	Shared         time.Duration // how long a list serves reads: 10 s, or 12 times as long while there is one every second
	Progress       time.Duration // between two log lines about an upload: 10 s
}

// WithDefaults replaces zeros with the defaults.
func (t Timing) WithDefaults() Timing {
	return Timing{
		Poll:           cmp.Or(t.Poll, time.Second),
		LongestPoll:    cmp.Or(t.LongestPoll, 15*time.Second),
		Settled:        cmp.Or(t.Settled, 5*time.Second),
		Appearing:      cmp.Or(t.Appearing, time.Minute),
		Failing:        cmp.Or(t.Failing, 10*time.Minute),
		Backoff:        cmp.Or(t.Backoff, 500*time.Millisecond),
		LongestBackoff: cmp.Or(t.LongestBackoff, 15*time.Second),
		Shared:         cmp.Or(t.Shared, 10*time.Second),
		Progress:       cmp.Or(t.Progress, 10*time.Second),
	}
}

// PollPause returns the pause between two looks, after a wait has lasted for waited.
func (t Timing) PollPause(waited time.Duration) time.Duration {
	return max(t.Poll, min(waited/20, t.LongestPoll))
}
