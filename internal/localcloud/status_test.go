// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"strings"
	"testing"
)

// A reset waits for work under way, and removes links and applications as well.
func TestReset(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	deployed(t, s, "shop", configured(""))
	want(t, s, "POST", "databases/byod", `{"Name":"own","HostName":"db.example.com","Port":5432,"Password":"12345678","captureProvenance":false}`, 200, "")
	release := blockChanges(s, "abd")
	want(t, s, "POST", "databases/userdb", createABD, 200, "")
	s.Inject(Fault{Drop: true})
	status, answer := askPath(t, s, "GET", "/localcloud/status", "")
	for _, part := range []string{
		`"applications":[{"name":"shop","status":"`, `"instance":"abc","database":"shop","version":"`, `"fault":{"drop":true}`,
		`{"name":"own","status":"available","url":"postgresql://dbosadmin@db.example.com:5432/postgres","linked":true}`, `{"name":"abd","status":"creating","url":""`,
	} {
		if status != 200 || !strings.Contains(answer, part) {
			t.Errorf("%d: there is no %s in %s", status, part, answer)
		}
	}
	if strings.Contains(answer, "12345678") {
		t.Errorf("a password is in %s", answer)
	}
	release()
	if status, answer := askPath(t, s, "POST", "/localcloud/reset", ""); status != 204 {
		t.Errorf("%d %s", status, answer)
	}
	want(t, s, "GET", "databases", "", 200, "[]")
	want(t, s, "GET", "applications", "", 200, "[]")
	if left := filesIn(t, s.dir.file("archives")); len(left) > 0 {
		t.Errorf("archives are left: %v", left)
	}
}
