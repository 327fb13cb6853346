// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package postgres is a backend of real PostgreSQL servers. It is empty on Windows, where the local cloud runs none.
package postgres
