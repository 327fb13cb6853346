// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package network

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"7":                             7 * time.Second,
		"-3":                            0,
		"soon":                          0,
		"1.5":                           0,
		"9223372037":                    longestRetryAfter,
		"99999999999999999999999":       longestRetryAfter,
		"Mon, 02 Jan 2006 15:04:05 GMT": 0,
		"Fri, 31 Dec 9999 23:59:59 GMT": longestRetryAfter,
	} {
		if got := RetryAfter(header); got != want {
			t.Errorf("%q is %s, want %s", header, got, want)
		}
	}
	soon := time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat)
	if got := RetryAfter(soon); got < 25*time.Second || got > 30*time.Second {
		t.Errorf("%q is %s", soon, got)
	}
}
