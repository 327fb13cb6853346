// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"net/http"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

type (
	wire    = wiretest.Wire
	journal = wiretest.Journal
)

var (
	lost        = wiretest.Lost
	say         = wiretest.Say
	refuse      = wiretest.Refuse
	hang        = wiretest.Hang
	expectError = wiretest.ExpectError
)

const testToken = wiretest.Token

// wired makes a client on a wire to the handler.
func wired(t *testing.T, handler http.HandlerFunc, change ...func(*Config)) (*Client, *wire) {
	t.Helper()
	w := wiretest.New(handler)
	cfg := Config{Organization: "acme", Login: Login{Token: testToken}}
	for _, c := range change {
		c(&cfg)
	}
	c, err := newClient(cfg, w)
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}
