// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// answers are the seeds of all fuzzers of answers.
var answers = []string{
	"", "null", "{}", "[]", "[null]", "[{}]", "7", "\"text\"", "true", "<html>", "{", "[1,2", "\xff\xfe", "{}{}", "[[]]",
	`{"PostgresInstanceName":"pg_main","Status":"available","HostName":"h","Port":5432,"DatabaseUsername":"app","IsLinked":false,"DBOSAdminName":"dbosadmin"}`,
	`[{"PostgresInstanceName":"a","postgresinstancename":"b","Port":-1,"AdminUsername":"u"},{"PostgresInstanceName":"a","IsLinked":true,"SupabaseReference":"r"}]`,
	`{"PostgresInstanceName":"a","Port":1e3}`, `{"PostgresInstanceName":7}`, `{"PostgresInstanceName":"\ud800","Port":9223372036854775807}`,
	`{"Name":"shop","ID":"1","PostgresInstanceName":"db","ApplicationDatabaseName":"shop_db","Status":"AVAILABLE","Version":"v1","AppURL":"https://x/","ExecutorsMemoryMib":512}`,
	`[{"Name":"shop","Version":null}]`, `["A","B","A"]`, `[null]`,
	`[{"ApplicationName":"shop","Version":"v1","CreationTime":"2026-11-01T12:30:00.5+02:00"}]`, `[{"Version":"v1","CreationTime":"yesterday"}]`,
	`[{"Version":"v1","CreationTime":null}]`, `[{"Version":"v1","CreationTime":"9999-12-31T23:59:59-23:59"}]`,
	`{"Name":"ada","Email":"a@b","Organization":"acme","SubscriptionPlan":"pro","IsOrgAdmin":true,"CreatedAt":"x"}`,
	`{"OrgName":"acme","UserNames":["b","a"]}`, `{"ApplicationVersion":"v2"}`, `{"ApplicationID":"id-1"}`,
}

// fuzzAnswer fuzzes the decoding of one call's answer. What is accepted passes the check of its type, and stays the
// same when it is written and read again.
func fuzzAnswer[T any](f *testing.F) {
	for _, text := range answers {
		f.Add(text)
	}
	var answer string
	network := wiretest.RoundTripFunc(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: req}, nil
	})
	c, err := New(testConfig(func(cfg *Config) { cfg.RetryTimeout, cfg.Transport = time.Nanosecond, network }))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		decode := func(text string) (T, error) {
			answer = text
			return api.Do[T](t.Context(), c.api, api.Request{Kind: api.Poll, Method: "GET", Path: []string{"answer"}})
		}
		got, err := decode(text)
		if err != nil {
			if text := err.Error(); strings.ContainsAny(text, "\n\r") || len(text) > 4000 {
				t.Errorf("the error is no line: %q", text)
			}
			return
		}
		if checked, ok := any(got).(interface{ Check() error }); ok && checked.Check() != nil {
			t.Errorf("%q was accepted: %v", text, checked.Check())
		}
		first := written(t, got)
		again, err := decode(first)
		if err != nil {
			t.Fatalf("%q was accepted, and %q was not: %v", text, first, err)
		}
		if second := written(t, again); second != first {
			t.Errorf("%q is read as %s, and then as %s", text, first, second)
		}
	})
}

func written(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("%+v was read and cannot be written: %v", value, err)
	}
	return string(text)
}

func FuzzInstance(f *testing.F)             { fuzzAnswer[instanceRecord](f) }
func FuzzInstances(f *testing.F)            { fuzzAnswer[records[instanceRecord]](f) }
func FuzzApplication(f *testing.F)          { fuzzAnswer[applicationRecord](f) }
func FuzzApplications(f *testing.F)         { fuzzAnswer[records[applicationRecord]](f) }
func FuzzCompleteApplications(f *testing.F) { fuzzAnswer[completeRecords[applicationRecord]](f) }
func FuzzVersions(f *testing.F)             { fuzzAnswer[records[versionRecord]](f) }
func FuzzSecrets(f *testing.F)              { fuzzAnswer[[]string](f) }
func FuzzProfile(f *testing.F)              { fuzzAnswer[profileRecord](f) }
func FuzzUsers(f *testing.F)                { fuzzAnswer[usersRecord](f) }
func FuzzRegistration(f *testing.F)         { fuzzAnswer[string](f) }
func FuzzDeployAnswer(f *testing.F)         { fuzzAnswer[deployAnswer](f) }
