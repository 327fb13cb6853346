// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// Login identifies the client, see [login.Login].
type Login = login.Login

// DefaultEndpoint is the endpoint of the public service.
const DefaultEndpoint = login.DefaultEndpoint

// ErrNoLogin is wrapped by the error of a call that needs a login when there is none.
var ErrNoLogin = login.ErrNoLogin

// LoadLogin reads the credentials file of the CLI, see [login.Load].
func LoadLogin(path string) (Login, error) { return login.Load(path) }

// CheckToken tells whether a token can be sent, see [login.CheckToken].
func CheckToken(token string) error { return login.CheckToken(token) }

// CheckEndpoint tells whether tokens may be sent to an endpoint, see [login.CheckEndpoint].
func CheckEndpoint(endpoint string) error { return login.CheckEndpoint(endpoint) }

// CheckAuthEndpoint tells whether refresh tokens may be sent to an endpoint, see [login.CheckAuthEndpoint].
func CheckAuthEndpoint(endpoint string) error { return login.CheckAuthEndpoint(endpoint) }

// KeepSecret makes values secret for the rest of the process, see [redact.Keep].
func KeepSecret(values ...string) { redact.Keep(values...) }
