// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
)

// A reset that the service accepts and then fails is an error that shows the status, and the state keeps the password
// that still logs in.
func TestFailedResetKeepsThePassword(t *testing.T) {
	t.Parallel()
	const call = "POST databases/userdb/legacy/credentials"
	a := &api{}
	var status atomic.Value
	status.Store("available")
	a.answer(legacyRecord, func(string) (int, string) {
		return http.StatusOK, fmt.Sprintf(`{"PostgresInstanceName":"legacy","Status":%q,"HostName":"db.example.com","Port":5432,`+
			`"DatabaseUsername":"boss","DBOSAdminName":"dbosadmin","IsLinked":false,"SupabaseReference":null}`, status.Load())
	})
	a.say(call, "")
	r := newRPC(t, a)
	instance := attributes{"name": "legacy", "username": "boss", "password": "first-password"}
	o := r.apply(databaseInstanceType, r.imported(databaseInstanceType, "legacy", ""), instance, "WARNING: The password of", "")

	a.answer(call, func(string) (int, string) {
		status.Store("failed")
		return http.StatusOK, ""
	})
	instance["password"] = "second-password"
	o = r.apply(databaseInstanceType, o, instance, "", `Database instance "legacy" has failed|"failed"`)
	r.check(o.value, attributes{"password": "first-password"})
}
