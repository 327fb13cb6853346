// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

const registerShop = `{"name":"shop","database":"abc","language":"node","provenancedb":""}`

// shop is the answer for the application, with its id and host replaced.
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
