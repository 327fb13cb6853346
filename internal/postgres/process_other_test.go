// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix && !linux

package postgres_test

// childServers finds nothing on this system.
func childServers() []int { return nil }
