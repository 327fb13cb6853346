// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package login gives every request to the control plane the token of one account: it reads the login that the CLI has
// stored, and exchanges a refresh token for a new token before the old one expires, or after the service has refused it.
package login
