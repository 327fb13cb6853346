// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// An interrupt of a write tells whether the write may have got through.
func TestExplainInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	client, err := cloud.New(cloud.Config{Endpoint: server.URL, Organization: "acme", Login: cloud.Login{Token: "token"}})
	if err != nil {
		t.Fatal(err)
	}
	const sent = "The operation was interrupted. What it had sent may have been carried out."
	if got := explain(client.SetSecret(ctx, "shop", "KEY", "value")); got != sent {
		t.Errorf("explain = %q, want %q", got, sent)
	}
	const nothing = "The operation was interrupted."
	if got := explain(client.SetSecret(ctx, "shop", "KEY", "value")); got != nothing {
		t.Errorf("explain before anything is sent = %q, want %q", got, nothing)
	}
}
