// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// checkTimestamp is the rule for points in time: RFC 3339 with a zone, to the
// letter.
func checkTimestamp(value string) error {
	_, err := parseTimestamp(value)
	return err
}

// rfc3339 refuses what time.Parse takes beyond RFC 3339: a comma, an hour of
// one digit, an offset of a day or more.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func parseTimestamp(value string) (time.Time, error) {
	upper := strings.ToUpper(value) // RFC 3339 takes t and z as well.
	at, err := time.Parse(time.RFC3339Nano, upper)
	if err != nil || !rfc3339.MatchString(upper) {
		return time.Time{}, fmt.Errorf("%q is not a time in RFC 3339 form with its zone; write it like 2026-11-25T13:45:30.25Z or 2026-11-25T14:45:30.25+01:00", value)
	}
	return at, nil
}

// sameInstant tells whether two known timestamps are one instant, however they
// are spelt. The part below a second counts.
func sameInstant(a, b types.String) bool {
	at, err := parseTimestamp(a.ValueString())
	if err != nil {
		return false
	}
	bt, err := parseTimestamp(b.ValueString())
	return err == nil && at.Equal(bt)
}
