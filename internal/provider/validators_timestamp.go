// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// checkTimestamp is the rule for points in time: RFC 3339 with a zone.
func checkTimestamp(value string) error {
	_, err := parseTimestamp(value)
	return err
}

func parseTimestamp(value string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
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
