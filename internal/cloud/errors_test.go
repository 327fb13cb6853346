// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"errors"
	"testing"
)

func TestWaitErrorText(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]*WaitError{
		`database instance "pg_main" is in status "failed", which it does not leave by itself`:            {Kind: "database instance", Name: "pg_main", Status: "failed", DeadEnd: true},
		`waiting for application "shop" ended: the last status was "CREATING": context deadline exceeded`: {Kind: "application", Name: "shop", Status: "CREATING", Err: errors.New("context deadline exceeded")},
		`waiting for application "shop" ended: its status could not be read: broken`:                      {Kind: "application", Name: "shop", Err: errors.New("broken")},
	} {
		if err.Error() != want {
			t.Errorf("error is\n%s\nwant\n%s", err, want)
		}
	}
}
