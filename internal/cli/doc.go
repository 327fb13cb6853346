// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package cli proves by its tests that the published dbos-cloud CLI works unchanged against the local cloud, and that
// it and the provider see each other's work. What the local cloud answers is so checked by a client that nobody here
// wrote. It also installs that CLI for the tests of other packages.
package cli
