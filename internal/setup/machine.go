// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import "github.com/dbos-community/terraform-provider-dbos/internal/postgres"

// machine says who runs this program, which decides whether it may install PostgreSQL without asking.
type machine struct {
	root, sudo, ci bool
}

// unasked tells whether this program may install packages without asking, and what goes before the command.
func (m machine) unasked(manager postgres.PackageManager) (prefix []string, allowed bool) {
	const quiet = "DEBIAN_FRONTEND=noninteractive"
	switch {
	case manager.Rootless:
		return nil, m.ci && !m.root
	case m.root:
		return []string{"env", quiet}, true
	case m.sudo:
		return []string{"sudo", "-n", "env", quiet}, true
	default:
		return nil, false
	}
}
