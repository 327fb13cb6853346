// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package network

import (
	"net/http"
	"testing"
	"time"
)

// Whatever a server asks for, the wait is neither negative, which would be no wait at all, nor endless.
func FuzzRetryAfter(f *testing.F) {
	for _, header := range []string{
		"", "0", "7", "-3", "+3", "1.5", "1e9", " 7", "0x10", "9223372037", "18446744073709551615", "99999999999999999999999",
		"Mon, 02 Jan 2006 15:04:05 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Monday, 02-Jan-06 15:04:05 GMT", "Mon Jan  2 15:04:05 2006",
		"Mon, 02 Jan 0000 15:04:05 GMT", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat),
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if got := RetryAfter(header); got < 0 || got > longestRetryAfter || got+time.Hour < got {
			t.Errorf("%q is %s", header, got)
		}
	})
}
