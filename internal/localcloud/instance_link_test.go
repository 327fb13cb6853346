// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import "testing"

func TestLink(t *testing.T) {
	t.Parallel()
	s := start(t)
	const path = "databases/userdb/info/abc"
	body := `{"Name":"abc","HostName":"db.example.com","Port":5433,"Password":"12345678","captureProvenance":false}`
	want(t, s, "POST", "databases/byod", body, 200, "")
	want(t, s, "GET", path, "", 200,
		`{"PostgresInstanceName":"abc","Status":"available","HostName":"db.example.com","Port":5433,"DatabaseUsername":"dbosadmin","DBOSAdminName":"dbosadmin","IsLinked":true,"SupabaseReference":null}`)
	wantRefusal(t, s, "POST", "databases/byod", body, 409, "database abc already exists")
	wantRefusal(t, s, "POST", "databases/userdb", createABC, 409, "database abc already exists")
	wantRefusal(t, s, "POST", "databases/userdb/abc/credentials", `{"Password":"12345678"}`, 400,
		"database abc is linked: change its password where it is hosted")
	wantRefusal(t, s, "DELETE", "databases/userdb/abc", "", 400, "database abc is linked: it can be unlinked, not deleted")

	s = restart(t, s)
	want(t, s, "DELETE", "databases/byod/abc", "", 200, "")
	wantRefusal(t, s, "GET", path, "", 404, "database abc not found")

	want(t, s, "POST", "databases/byod",
		`{"Name":"abc","HostName":"::1","Port":5432,"Password":"12345678","captureProvenance":true,"dbosAdminName":"boss"}`, 200, "")
	want(t, s, "GET", path, "", 200,
		`{"PostgresInstanceName":"abc","Status":"available","HostName":"::1","Port":5432,"DatabaseUsername":"boss","DBOSAdminName":"boss","IsLinked":true,"SupabaseReference":null}`)

	want(t, s, "POST", "databases/byod",
		`{"Name":"tiger-1024","HostName":"pooler.example.com","Port":5432,"Password":"12345678","captureProvenance":false,"supabaseReference":"xyz"}`, 200, "")
	want(t, s, "GET", "databases/userdb/info/tiger-1024", "", 200,
		`{"PostgresInstanceName":"tiger-1024","Status":"available","HostName":"pooler.example.com","Port":5432,"DatabaseUsername":"postgres.xyz","DBOSAdminName":"postgres.xyz","IsLinked":true,"SupabaseReference":"xyz"}`)

	provision(t, s, "own")
	wantRefusal(t, s, "DELETE", "databases/byod/own", "", 400, "database own is not linked: it can be deleted, not unlinked")
}

func TestLinkIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	tests := map[string]struct{ body, message string }{
		"login": {`{"Name":"abc","HostName":"db.example.com","Port":5432,"Password":"wrong-password"}`,
			`database abc cannot be linked: password authentication failed for user "dbosadmin"`},
		"name": {`{"Name":"A-b","HostName":"db.example.com","Port":5432,"Password":"12345678"}`,
			`invalid database name "A-b": 3 to 30 characters of a-z, 0-9, _ and -`},
		"no host": {`{"Name":"abc","Port":5432,"Password":"12345678"}`, "HostName is missing"},
		"no port": {`{"Name":"abc","HostName":"db.example.com","Password":"12345678"}`, "Port is not a number from 1 to 65535"},
		"port":    {`{"Name":"abc","HostName":"db.example.com","Port":65536,"Password":"12345678"}`, "Port is not a number from 1 to 65535"},
		"port as a fraction": {`{"Name":"abc","HostName":"db.example.com","Port":1.5,"Password":"12345678"}`,
			"Port is not a whole number"},
		"time travel": {`{"Name":"abc","HostName":"db.example.com","Port":5432,"Password":"12345678","captureProvenance":"no"}`,
			"captureProvenance is not true or false"},
		"capitals": {`{"Name":"abc","HostName":"db.example.com","Port":5432,"Password":"12345678","SupabaseReference":"x"}`,
			`unknown field "SupabaseReference": this call has a field "supabaseReference"`},
		"both roles": {`{"Name":"abc","HostName":"db.example.com","Port":5432,"Password":"12345678","supabaseReference":"x","dbosAdminName":"y"}`,
			"supabaseReference and dbosAdminName exclude each other: the role of a Supabase project is its own"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, s, "POST", "databases/byod", test.body, 400, test.message)
		})
	}
}
