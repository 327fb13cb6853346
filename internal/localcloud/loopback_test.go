// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"testing"
)

// A web page whose host name leads to this machine is refused.
func TestForeignHostIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	for host, want := range map[string]int{
		"evil.example": 421, "evil.example:80": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "0.0.0.0": 421, "10.0.0.1": 421,
		"localhost": 200, "localhost:1": 200, "127.0.0.1:9": 200, "[::1]:80": 200, "[::1]": 200,
	} {
		for _, path := range []string{"/v1alpha1/user/profile", "/localcloud/requests"} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", s.connection.Endpoint+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			r.Header.Set("Authorization", "Bearer "+s.connection.Token)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if status, answer := read(t, resp); status != want {
				t.Errorf("%s at %s: %d %s", path, host, status, answer)
			}
		}
	}
}
