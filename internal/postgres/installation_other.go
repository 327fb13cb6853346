// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build !unix

package postgres

import (
	"fmt"
	"runtime"
)

// Installation is unused on this system.
type Installation struct{}

// Find fails: this package runs servers on Unix only.
func Find(string) (*Installation, error) {
	return nil, fmt.Errorf("PostgreSQL servers cannot run on %s", runtime.GOOS)
}
