// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build !unix

package postgres

import (
	"fmt"
	"runtime"
)

// Installation is PostgreSQL on this machine. It is not used here.
type Installation struct{}

// Find finds nothing: this package runs servers on Unix only.
func Find(string) (*Installation, error) {
	return nil, fmt.Errorf("PostgreSQL servers are not run on %s", runtime.GOOS)
}
