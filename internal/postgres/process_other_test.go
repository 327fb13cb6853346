// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix && !linux

package postgres_test

// childServers cannot be told here.
func childServers() []int { return nil }
