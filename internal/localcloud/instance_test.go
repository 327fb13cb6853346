// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	abcCreating  = `{"PostgresInstanceName":"abc","Status":"creating","HostName":"","Port":0,"DatabaseUsername":"alice","DBOSAdminName":"dbosadmin","IsLinked":false,"SupabaseReference":null}`
	abcAvailable = `{"PostgresInstanceName":"abc","Status":"available","HostName":"abc.simulated.invalid","Port":5432,"DatabaseUsername":"alice","DBOSAdminName":"dbosadmin","IsLinked":false,"SupabaseReference":null}`
	createABC    = `{"Name":"abc","AdminName":"alice","AdminPassword":"12345678"}`
)

func TestInstanceLife(t *testing.T) {
	t.Parallel()
	s := start(t)
	want(t, s, "GET", "databases", "", 200, `[]`)
	release := blockChanges(s, "abc")
	begun := time.Now()
	want(t, s, "POST", "databases/userdb", createABC, 200, "")
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, abcCreating)
	want(t, s, "GET", "databases", "", 200, "["+abcCreating+"]")
	release()
	await(t, s, "databases/userdb/info/abc", `"Status":"available"`)
	if took := time.Since(begun); took < s.options.ProvisionTime {
		t.Errorf("it was available after %s", took)
	}
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, abcAvailable)

	release = blockChanges(s, "abc")
	want(t, s, "DELETE", "databases/userdb/abc", "", 200, "")
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, strings.Replace(abcAvailable, "available", "deleting", 1))
	wantRefusal(t, s, "POST", "databases/userdb", createABC, 409, "database abc already exists")
	release()
	await(t, s, "databases", `[]`)
	wantRefusal(t, s, "GET", "databases/userdb/info/abc", "", 404, "database abc not found")
	provision(t, s, "abc")
}

func TestListIsInTheOrderOfNames(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"ccc", "aaa", "bbb"} {
		provision(t, s, name)
	}
	_, list := ask(t, s, "GET", "databases", "")
	if a, b, c := strings.Index(list, "aaa"), strings.Index(list, "bbb"), strings.Index(list, "ccc"); a > b || b > c {
		t.Error(list)
	}
}

func TestCreateInstanceIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "taken")
	const (
		badName     = `invalid database instance name %q: 3 to 16 characters of a-z, 0-9 and _`
		badUser     = `invalid database username %q: 3 to 16 characters of a-z, 0-9 and _, the first a letter`
		badPassword = `invalid password: only printable ASCII characters, none of / \ " ' @ and no white space`
	)
	tests := map[string]struct {
		body    string
		status  int
		message string
	}{
		"taken":                 {`{"Name":"taken","AdminName":"alice","AdminPassword":"12345678"}`, 409, "database taken already exists"},
		"short name":            {`{"Name":"ab","AdminName":"alice","AdminPassword":"12345678"}`, 400, fmt.Sprintf(badName, "ab")},
		"long name":             {`{"Name":"abcdefghijklmnopq","AdminName":"alice","AdminPassword":"12345678"}`, 400, fmt.Sprintf(badName, "abcdefghijklmnopq")},
		"name with a hyphen":    {`{"Name":"a-b","AdminName":"alice","AdminPassword":"12345678"}`, 400, fmt.Sprintf(badName, "a-b")},
		"capital in the name":   {`{"Name":"Abc","AdminName":"alice","AdminPassword":"12345678"}`, 400, fmt.Sprintf(badName, "Abc")},
		"line end in the name":  {`{"Name":"abc\n","AdminName":"alice","AdminPassword":"12345678"}`, 400, fmt.Sprintf(badName, "abc\n")},
		"short username":        {`{"Name":"abc","AdminName":"al","AdminPassword":"12345678"}`, 400, fmt.Sprintf(badUser, "al")},
		"username with a digit": {`{"Name":"abc","AdminName":"1alice","AdminPassword":"12345678"}`, 400, fmt.Sprintf(badUser, "1alice")},
		"reserved username":     {`{"Name":"abc","AdminName":"postgres","AdminPassword":"12345678"}`, 400, `invalid database username "postgres": it is reserved`},
		"dbosadmin":             {`{"Name":"abc","AdminName":"dbosadmin","AdminPassword":"12345678"}`, 400, `invalid database username "dbosadmin": it is reserved`},
		"short password":        {`{"Name":"abc","AdminName":"alice","AdminPassword":"1234567"}`, 400, "invalid password: 8 to 128 characters"},
		"long password":         {`{"Name":"abc","AdminName":"alice","AdminPassword":"` + strings.Repeat("x", 129) + `"}`, 400, "invalid password: 8 to 128 characters"},
		"slash":                 {`{"Name":"abc","AdminName":"alice","AdminPassword":"1234567/"}`, 400, badPassword},
		"backslash":             {`{"Name":"abc","AdminName":"alice","AdminPassword":"1234567\\"}`, 400, badPassword},
		"quotation mark":        {`{"Name":"abc","AdminName":"alice","AdminPassword":"1234567\""}`, 400, badPassword},
		"apostrophe":            {`{"Name":"abc","AdminName":"alice","AdminPassword":"1234567'"}`, 400, badPassword},
		"at sign":               {`{"Name":"abc","AdminName":"alice","AdminPassword":"1234567@"}`, 400, badPassword},
		"blank":                 {`{"Name":"abc","AdminName":"alice","AdminPassword":"1234 567"}`, 400, badPassword},
		"not ASCII":             {`{"Name":"abc","AdminName":"alice","AdminPassword":"pässword"}`, 400, badPassword},
		"no name":               {`{"AdminName":"alice","AdminPassword":"12345678"}`, 400, "Name is missing"},
		"null":                  {`{"Name":null,"AdminName":"alice","AdminPassword":"12345678"}`, 400, "Name is missing"},
		"name of another type":  {`{"Name":3,"AdminName":"alice","AdminPassword":"12345678"}`, 400, "Name is not a string"},
		"another letter case":   {`{"name":"abc","AdminName":"alice","AdminPassword":"12345678"}`, 400, `unknown field "name": this call has a field "Name"`},
		"another spelling":      {`{"Name":"abc","admin_name":"alice","AdminPassword":"12345678"}`, 400, `unknown field "admin_name": this call has a field "AdminName"`},
		"no body":               {``, 400, "Name is missing"},
		"no object":             {`["secret"]`, 400, "the request body is not a JSON object: wrong type"},
		"no JSON":               {`secret`, 400, "the request body is not a JSON object: syntax error at byte 1"},
		"huge": {`{"Name":"` + strings.Repeat("x", largestBody) + `"}`, 413,
			"the request body is larger than 1048576 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, s, "POST", "databases/userdb", test.body, test.status, test.message)
		})
	}
}

func TestUnknownFieldsAreIgnored(t *testing.T) {
	t.Parallel()
	s := start(t)
	want(t, s, "POST", "databases/userdb", `{"Name":"abc","AdminName":"alice","AdminPassword":"12345678","Region":{"a":[1]}}`, 200, "")
}

func TestLegacyNames(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *Options) { o.LegacyNames = true })
	provision(t, s, "a-name-of-thirty-characters-30")
	register(t, s, strings.Repeat("long-", 51), "a-name-of-thirty-characters-30")
	status, _ := ask(t, s, "POST", "databases/userdb", `{"Name":"a-name-of-thirty-one-characters","AdminName":"alice","AdminPassword":"12345678"}`)
	if status != 400 {
		t.Errorf("31 characters: %d", status)
	}
}

func TestLegacyRecords(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *Options) { o.LegacyRecords = true })
	provision(t, s, "abc")
	record := `{"PostgresInstanceName":"abc","Status":"available","HostName":"abc.simulated.invalid","Port":5432,"AdminUsername":"alice"}`
	want(t, s, "GET", "databases/userdb/info/abc", "", 200, record)
	want(t, s, "GET", "databases", "", 200, "["+record+"]")
}

func TestMissingInstance(t *testing.T) {
	t.Parallel()
	s := start(t)
	for path, method := range map[string]string{
		"databases/userdb/info/nosuch":        "GET",
		"databases/userdb/nosuch":             "DELETE",
		"databases/userdb/nosuch/credentials": "POST",
		"databases/userdb/nosuch/restore":     "POST",
		"databases/byod/nosuch":               "DELETE",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			body := `{"Password":"12345678","RestoreName":"abc","RestoreTimestamp":"2020-01-01T00:00:00Z"}`
			wantRefusal(t, s, method, path, body, 404, "database nosuch not found")
		})
	}
}

func TestOperationsNeedAnAvailableInstance(t *testing.T) {
	t.Parallel()
	s := start(t, slowly)
	want(t, s, "POST", "databases/userdb", createABC, 200, "")
	now := time.Now().Format(time.RFC3339)
	for path, call := range map[string][2]string{
		"databases/userdb/abc":             {"DELETE", ``},
		"databases/userdb/abc/credentials": {"POST", `{"Password":"12345678"}`},
		"databases/userdb/abc/restore":     {"POST", `{"RestoreName":"abd","RestoreTimestamp":"` + now + `"}`},
		"applications":                     {"PUT", `{"name":"shop","database":"abc","language":"node"}`},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, s, call[0], path, call[1], 409, `database abc is not in an available state: its status is "creating"`)
		})
	}
}

// PostgreSQL would refuse these names later, when it makes the role.
func TestNamesThatPostgreSQLKeeps(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, message := range map[string]string{
		"pg_x":   `invalid database username "pg_x": PostgreSQL keeps names that begin with pg_ for itself`,
		"public": `invalid database username "public": it is reserved`,
		"none":   `invalid database username "none": it is reserved`,
	} {
		wantRefusal(t, s, "POST", "databases/userdb", `{"Name":"abc","AdminName":"`+name+`","AdminPassword":"12345678"}`, 400, message)
	}
}
