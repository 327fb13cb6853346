// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package timestamp reads points in time.
package timestamp

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
)

// strict refuses what time.Parse accepts beyond RFC 3339: a comma, an hour of one digit, an offset of a day or more. It
// is compiled when it is first used, because every start of the provider would wait for it.
var strict = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
})

// Parse reads a time in RFC 3339 format, with its zone and fraction of a second.
func Parse(value string) (time.Time, error) {
	upper := strings.ToUpper(value) // RFC 3339 allows t and z as well.
	at, err := time.Parse(time.RFC3339Nano, upper)
	if err != nil || !strict().MatchString(upper) {
		return time.Time{}, fmt.Errorf("%q is not a time in RFC 3339 format with its zone; write it like 2026-11-25T13:45:30.25Z or 2026-11-25T14:45:30.25+01:00", value)
	}
	return at, nil
}
