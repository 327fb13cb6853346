// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package cli tests the published dbos-cloud CLI against the local cloud. The CLI works unchanged, and it and the
// provider see each other's work. So a client of DBOS's own checks the answers of the local cloud. The package also
// installs that CLI for the tests of other packages.
package cli
