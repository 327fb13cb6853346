// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"testing"
	"time"
)

// Reads that the fault hits do not show new objects.
func TestUnseen(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	deployed(t, s, "shop", configured(""))
	await(t, s, "applications/shop", `"Status":"AVAILABLE"`)
	want(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"KEY","ClearSecretValue":"v"}`, 200, "")
	remove := s.Inject(Fault{Method: "GET", Unseen: time.Hour})
	want(t, s, "GET", "databases", "", 200, "[]")
	wantRefusal(t, s, "GET", "databases/userdb/info/abc", "", 404, "database abc not found")
	want(t, s, "GET", "applications", "", 200, "[]")
	wantRefusal(t, s, "GET", "applications/shop", "", 404, "application shop not found")
	want(t, s, "GET", "applications/shop/versions", "", 200, "[]")
	want(t, s, "GET", "applications/shop/secrets", "", 200, "[]")
	wantRefusal(t, s, "POST", "databases/userdb", createABC, 409, "database abc already exists")
	remove()
	s.Inject(Fault{Method: "GET", Unseen: time.Nanosecond})
	want(t, s, "GET", "applications/shop/secrets", "", 200, `["KEY"]`)
	await(t, s, "applications", `"Name":"shop"`)
	await(t, s, "databases", `"PostgresInstanceName":"abc"`)
}
