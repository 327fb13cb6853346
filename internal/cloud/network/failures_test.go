// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package network

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
)

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.8.9.10": true, "::1": true, "::ffff:127.0.0.1": true,
		"::1%lo": false, "128.0.0.1": false, "0.0.0.0": false, "localhost.example.org": false, "": false,
	} {
		if got := IsLoopback(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}

// TestProxyAnswers checks which refusals of a proxy a repeat may overcome.
func TestProxyAnswers(t *testing.T) {
	t.Parallel()
	for status, final := range map[int]bool{407: true, 403: true, 429: false, 502: false} {
		err := checkProxyAnswer(t.Context(), &url.URL{Host: "proxy.example:3128"}, nil, &http.Response{StatusCode: status})
		var refused *ProxyError
		if !errors.As(err, &refused) || IsFinal(err) != final {
			t.Errorf("%d: %v", status, err)
		}
	}
	if err := checkProxyAnswer(t.Context(), nil, nil, &http.Response{StatusCode: http.StatusOK}); err != nil {
		t.Error(err)
	}
}
