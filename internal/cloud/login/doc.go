// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package login adds the token of one account to every request to the control plane. It reads the login that the CLI
// has stored. With a refresh token it gets a new token before the old one expires, or after the service has refused the
// old one.
package login
