// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package network

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// longestRetryAfter is far above every wait, and far below what overflows when it is added to.
const longestRetryAfter = 365 * 24 * time.Hour

// RetryAfter reads the header of that name, in seconds or as a date: at least 0, which is also none, at most a year.
func RetryAfter(header string) time.Duration {
	seconds, err := strconv.ParseUint(header, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(longestRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(0, time.Until(at)), longestRetryAfter)
	}
	return 0
}
