// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package reliability proves what the README promises: nothing is lost, and nothing is made twice, under faults, kills
// and load. Its tests drive the provider against a local cloud; the product does not import it.
package reliability
