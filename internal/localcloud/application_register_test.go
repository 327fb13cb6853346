// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRegister(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	want(t, s, "GET", "applications", "", 200, `[]`)
	status, id := ask(t, s, "PUT", "applications", registerShop)
	var uuid string
	if err := json.Unmarshal([]byte(id), &uuid); err != nil || status != 200 || len(uuid) != 36 {
		t.Fatalf("%d %s", status, id)
	}
	const registered = `{"Name":"shop","ID":"UUID","PostgresInstanceName":"abc","ApplicationDatabaseName":"","Status":"UNAVAILABLE","Version":"","AppURL":"https://local-shop.HOST/","ExecutorsMemoryMib":512}`
	wantShop(t, s, registered)
	want(t, s, "GET", "applications/shop/versions", "", 200, `[]`)
	if _, answer := ask(t, s, "GET", "applications", ""); !strings.Contains(answer, uuid) {
		t.Errorf("the list is %s", answer)
	}
	wantRefusal(t, s, "PUT", "applications", registerShop, 409, "application shop already exists")

	want(t, s, "PATCH", "applications/shop", `{"executors_memory_mib":1024,"min_vms":1,"max_vms":3}`, 200, "")
	want(t, s, "PATCH", "applications/shop", `{"executors_memory_mib":"2048"}`, 200, "")
	wantShop(t, s, strings.Replace(registered, "512", "2048", 1))
	wantRefusal(t, s, "PATCH", "applications/shop", `{"min_vms":4}`, 400, "min_vms 4 is more than max_vms 3")
	wantRefusal(t, s, "PATCH", "applications/shop", `{"executors_memory_mib":511}`, 400, "executors_memory_mib 511 is not between 512 and 5120")
	wantRefusal(t, s, "PATCH", "applications/shop", `{"minVms":1}`, 400, `unknown field "minVms": this call has a field "min_vms"`)

	want(t, s, "DELETE", "applications/shop", `{"dropdb":false}`, 200, "")
	await(t, s, "applications", `[]`)
	wantRefusal(t, s, "DELETE", "applications/shop", "", 404, "application shop not found")
}

func TestRegisterIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	const badName = ": 3 to 30 characters of a-z, 0-9, - and _"
	long := strings.Repeat("a", 31)
	tests := map[string]struct {
		body    string
		status  int
		message string
	}{
		"missing instance": {`{"name":"shop","database":"nosuch","language":"node"}`, 404, "database nosuch not found"},
		"short name":       {`{"name":"ab","database":"abc","language":"node"}`, 400, `invalid application name "ab"` + badName},
		"long name":        {`{"name":"` + long + `","database":"abc","language":"node"}`, 400, `invalid application name "` + long + `"` + badName},
		"capital":          {`{"name":"Shop","database":"abc","language":"node"}`, 400, `invalid application name "Shop"` + badName},
		"secrets": {`{"name":"secrets","database":"abc","language":"node"}`, 400,
			`invalid application name "secrets": the path of its deploys is the secrets' endpoint`},
		"language":    {`{"name":"shop","database":"abc","language":"rust"}`, 400, `unknown language "rust": node, python, go or java`},
		"no language": {`{"name":"shop","database":"abc"}`, 400, "language is missing"},
		"memory":      {`{"name":"shop","database":"abc","language":"node","executors_memory_mib":5121}`, 400, "executors_memory_mib 5121 is not between 512 and 5120"},
		"provenance": {`{"name":"shop","database":"abc","language":"node","provenancedb":"other"}`, 400,
			`provenancedb "other" is neither empty nor the application's database "abc"`},
		"spelling": {`{"name":"shop","database":"abc","language":"node","provenanceDB":"abc"}`, 400,
			`unknown field "provenanceDB": this call has a field "provenancedb"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, s, "PUT", "applications", test.body, test.status, test.message)
		})
	}
}
