// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/timestamp"
)

// parseTimestamp reads a point in time.
var parseTimestamp = timestamp.Parse

// checkTimestamp is the rule for points in time.
func checkTimestamp(value string) error {
	_, err := parseTimestamp(value)
	return err
}

// sameInstant tells whether two known timestamps are one instant, however they are spelt. The part below a second
// counts.
func sameInstant(a, b types.String) bool {
	at, err := parseTimestamp(a.ValueString())
	if err != nil {
		return false
	}
	bt, err := parseTimestamp(b.ValueString())
	return err == nil && at.Equal(bt)
}
