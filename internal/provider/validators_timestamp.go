// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/timestamp"
)

// checkTimestamp is the rule for points in time.
func checkTimestamp(value string) error {
	_, err := timestamp.Parse(value)
	return err
}

// sameInstant tells whether two known timestamps are one instant, however they are spelt. The part below a second
// counts.
func sameInstant(a, b types.String) bool {
	at, err := timestamp.Parse(a.ValueString())
	if err != nil {
		return false
	}
	bt, err := timestamp.Parse(b.ValueString())
	return err == nil && at.Equal(bt)
}
