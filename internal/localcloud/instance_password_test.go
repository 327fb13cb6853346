// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"testing"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	backend := watched(s)
	step := inSteps(t, s)
	release := blockChanges(s, "abc")
	// A new password is accepted at once, and the status changes a moment later. A newer one replaces it.
	want(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"overtaken"}`, 200, "")
	want(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"abcdefgh"}`, 200, "")
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, abcAvailable)
	step()
	await(t, s, "databases/userdb/info/abc", `"Status":"resetting-master-credentials"`)
	wantRefusal(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"12345678"}`, 409,
		`database abc is not in an available state: its status is "resetting-master-credentials"`)
	release()
	step()
	await(t, s, "databases/userdb/info/abc", `"Status":"available"`)
	backend.wantCalls(t, "set abc alice abcdefgh")
	wantRefusal(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"short"}`, 400, "invalid password: 8 to 128 characters")
	wantRefusal(t, s, "POST", "databases/userdb/abc/credentials", `{"password":"12345678"}`, 400, `unknown field "password": this call has a field "Password"`)
}
