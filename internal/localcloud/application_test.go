// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

const registerShop = `{"name":"shop","database":"abc","language":"node","provenancedb":""}`

// shop is what the API answers of the application, with its id and its host made the same in every test.
func shop(t *testing.T, s *Server) string {
	t.Helper()
	_, answer := ask(t, s, "GET", "applications/shop", "")
	answer = regexp.MustCompile(`"ID":"[0-9a-f-]{36}"`).ReplaceAllString(answer, `"ID":"UUID"`)
	return strings.Replace(answer, s.listener.Addr().String(), "HOST", 1)
}

func wantShop(t *testing.T, s *Server, want string) {
	t.Helper()
	if got := shop(t, s); got != want {
		t.Errorf("the application is\n%s\nwant\n%s", got, want)
	}
}

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

func TestMissingApplication(t *testing.T) {
	t.Parallel()
	s := start(t)
	for call, body := range map[string]string{
		"GET applications/nosuch":                    ``,
		"PATCH applications/nosuch":                  `{"min_vms":1}`,
		"DELETE applications/nosuch":                 `{"dropdb":true}`,
		"POST applications/nosuch":                   `{"previous_version":"1"}`,
		"POST applications/nosuch/changedbinstance":  `{"previous_version":"1","target_database_name":"abc"}`,
		"POST applications/nosuch/rollback":          `{"previous_version":"1"}`,
		"GET applications/nosuch/versions":           ``,
		"POST applications/secrets":                  `{"ApplicationName":"nosuch","SecretName":"A","ClearSecretValue":"b"}`,
		"GET applications/nosuch/secrets":            ``,
		"DELETE applications/nosuch/secrets/nothing": ``,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(call, " ")
			wantRefusal(t, s, method, path, body, 404, "application nosuch not found")
		})
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	want(t, s, "GET", "applications/shop/secrets", "", 200, `[]`)
	want(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"ZETA","ClearSecretValue":"1"}`, 200, "")
	want(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"API_KEY","ClearSecretValue":"1"}`, 200, "")
	want(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"API_KEY","ClearSecretValue":"a \"new\" value"}`, 200, "")
	want(t, s, "GET", "applications/shop/secrets", "", 200, `["API_KEY","ZETA"]`)
	s = restart(t, s)
	want(t, s, "GET", "applications/shop/secrets", "", 200, `["API_KEY","ZETA"]`)
	want(t, s, "DELETE", "applications/shop/secrets/ZETA", "", 204, "")
	wantRefusal(t, s, "DELETE", "applications/shop/secrets/ZETA", "", 404, "secret ZETA not found")
	want(t, s, "GET", "applications/shop/secrets", "", 200, `["API_KEY"]`)
	a, err := s.findApplication("shop")
	if err != nil || a.Secrets["API_KEY"] != `a "new" value` {
		t.Errorf("the secrets are %v: %v", a.Secrets, err)
	}
	for name, message := range map[string]string{
		"":                  "SecretName is missing",
		"1A":                `invalid secret name "1A": it is not the name of an environment variable`,
		"A-B":               `invalid secret name "A-B": it is not the name of an environment variable`,
		"DBOS_DATABASE_URL": `invalid secret name "DBOS_DATABASE_URL": it is reserved`,
		"DBOS_APP_HOSTNAME": `invalid secret name "DBOS_APP_HOSTNAME": it is reserved`,
	} {
		wantRefusal(t, s, "POST", "applications/secrets",
			`{"ApplicationName":"shop","SecretName":"`+name+`","ClearSecretValue":"x"}`, 400, message)
	}
	wantRefusal(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"A"}`, 400, "ClearSecretValue is missing")
}

func TestDeleteApplicationWithItsDatabase(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	b := watched(s)
	for _, drop := range []string{"false", "true"} {
		register(t, s, "shop", "abc")
		deployed(t, s, "shop", appFiles{})
		a, err := s.findApplication("shop")
		if err != nil {
			t.Fatal(err)
		}
		want(t, s, "DELETE", "applications/shop", `{"dropdb":`+drop+`}`, 200, "")
		await(t, s, "applications", `[]`)
		b.wantCalls(t, map[string][]string{
			"false": {"create abc/shop"},
			"true":  {"create abc/shop", "drop abc/shop"},
		}[drop]...)
		if _, err := os.Stat(s.dir.file("archives", a.ID)); !os.IsNotExist(err) {
			t.Errorf("its archives are still there: %v", err)
		}
	}
}

func TestApplicationOutlivesItsInstance(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	version := deployed(t, s, "shop", appFiles{})
	want(t, s, "DELETE", "databases/userdb/abc", "", 200, "")
	await(t, s, "databases", `[]`)
	wantRefusal(t, s, "POST", "applications/shop", `{"previous_version":"`+version+`"}`, 404, "database abc not found")
	want(t, s, "DELETE", "applications/shop", `{"dropdb":true}`, 200, "")
	await(t, s, "applications", `[]`)
}

func TestBusyApplication(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	s.options.ProvisionTime = time.Hour
	want(t, s, "DELETE", "applications/shop", "", 200, "")
	if got := shop(t, s); !strings.Contains(got, `"Status":"DELETING"`) {
		t.Error(got)
	}
	const message = "application is busy: application shop is being deleted"
	for call, body := range map[string]string{
		"PATCH applications/shop":            `{"min_vms":1}`,
		"DELETE applications/shop":           ``,
		"POST applications/shop":             `{"previous_version":"1"}`,
		"POST applications/secrets":          `{"ApplicationName":"shop","SecretName":"A","ClearSecretValue":"b"}`,
		"DELETE applications/shop/secrets/A": ``,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(call, " ")
			wantRefusal(t, s, method, path, body, 409, message)
		})
	}
	wantRefusal(t, s, "PUT", "applications", registerShop, 409, "application shop already exists")
}
