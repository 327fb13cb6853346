// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package network

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// longestRetryAfter is longer than every wait, and short enough for sums.
const longestRetryAfter = 365 * 24 * time.Hour

// RetryAfter reads the Retry-After header, which holds seconds or a date. It returns at most a year, and 0 if there is
// nothing to read.
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
