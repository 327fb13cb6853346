// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"errors"
	"fmt"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// asked returns the error of one GET for the instance pg_main with this answer.
func asked(t *testing.T, status int, body string) error {
	t.Helper()
	c, _ := wired(t, wiretest.Say(status, body))
	err := read(t.Context(), c, Poll)
	return err
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		want   bool
	}{
		"the API's own":                    {404, `{"message":"database instance pg_main not found","statusCode":404,"requestID":"r1"}`, true},
		"without the name":                 {404, `{"message":"Not found","statusCode":404,"requestID":"r1"}`, true},
		"only the message, with the name":  {404, `{"message":"no instance pg_main"}`, true},
		"another status":                   {400, `{"message":"database pg_main not found","statusCode":400,"requestID":"r1"}`, true},
		"as an internal error":             {500, `{"message":"instance pg_main does not exist","statusCode":500,"requestID":"r1"}`, true},
		"quoted name":                      {404, `{"message":"instance \"pg_main\" not found","statusCode":404}`, true},
		"of a user":                        {404, `{"message":"instance pg_main of user alice not found","statusCode":404}`, true},
		"a gateway's":                      {404, `{"message":"Not Found"}`, false},
		"a router's":                       {404, `{"message":"Cannot GET /v1alpha1/acme/databases/userdb/info/pg_main","statusCode":404,"error":"Not Found"}`, false},
		"the organization":                 {404, `{"message":"organization acme not found","statusCode":404,"requestID":"r1"}`, false},
		"an organization of the same name": {404, `{"message":"organization pg_main not found","statusCode":404,"requestID":"r1"}`, false},
		"the user":                         {404, `{"message":"user not found in DBOS Cloud","statusCode":404,"requestID":"r1"}`, false},
		"another object at another status": {400, `{"message":"role not found","statusCode":400,"requestID":"r1"}`, false},
		"HTML":                             {404, `<html><body>404 Not Found</body></html>`, false},
		"nothing":                          {404, ``, false},
		"text":                             {404, `404 page not found`, false},
		"no message":                       {404, `{"error":"Not Found"}`, false},
		"message of another type":          {404, `{"message":["not found"],"statusCode":404}`, false},
		"null":                             {404, `null`, false},
		"refused login":                    {401, `{"message":"instance pg_main not found","statusCode":401,"requestID":"r1"}`, false},
		"missing right":                    {403, `{"message":"instance pg_main not found","statusCode":403,"requestID":"r1"}`, false},
		"success":                          {200, `{"message":"instance pg_main not found"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := asked(t, test.status, test.body)
			if got := IsNotFound(err); got != test.want {
				t.Errorf("IsNotFound is %t, want %t, of: %v", got, test.want, err)
			}
			if IsNotFound(fmt.Errorf("wrapped: %w", err)) != test.want {
				t.Error("wrapping it makes a difference")
			}
		})
	}
	if IsNotFound(nil) || IsNotFound(errors.New("not found")) {
		t.Error("what is not of the API is taken for its word")
	}
}

func TestBusyAndExists(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status       int
		message      string
		busy, exists bool
	}{
		"application":        {400, "application is busy", true, false},
		"named application":  {409, "The application is busy, try again later", true, false},
		"internal":           {500, "application is busy", true, false},
		"backup":             {409, "Instance pg_main is not in available state.", true, false},
		"maintenance":        {409, "database instance is not currently in an available state (maintenance)", true, false},
		"rds code":           {409, "InvalidDBInstanceState: instance is modifying", true, false},
		"not available, 400": {400, "Instance pg_main is not in available state.", false, false},
		"missing right":      {403, "application is busy", false, false},
		"exists":             {409, "database instance pg_main already exists", false, true},
		"exists, 400":        {400, "database instance pg_main already exists", false, true},
		"name not available": {409, "the name pg_main is not available", false, true},
		"name taken":         {400, "that name is taken", false, true},
		"bare conflict":      {409, "conflict", false, true},
		"another refusal":    {400, "the user name is reserved", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := asked(t, test.status, fmt.Sprintf(`{"message":%q,"statusCode":%d}`, test.message, test.status))
			if got := IsBusy(err); got != test.busy {
				t.Errorf("IsBusy is %t, want %t, of: %v", got, test.busy, err)
			}
			if got := IsNameTaken(err); got != test.exists {
				t.Errorf("IsNameTaken is %t, want %t, of: %v", got, test.exists, err)
			}
		})
	}
	if IsBusy(asked(t, 409, "application is busy")) {
		t.Error("a text that is not the API's JSON is taken for its word")
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	const path = "/v1alpha1/acme/databases/userdb/info/pg_main"
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"own":        {400, `{"message":"no such plan","statusCode":400,"requestID":"r-7"}`, `DBOS Cloud answered "no such plan" (400 Bad Request to GET ` + path + `, request ID r-7)`},
		"lines":      {400, `{"message":"no\nsuch\u0000plan","statusCode":400}`, `DBOS Cloud answered "no such plan" (400 Bad Request to GET ` + path + `)`},
		"odd status": {499, `{"message":"gone away"}`, `DBOS Cloud answered "gone away" (499 to GET ` + path + `)`},
		"HTML":       {502, "<html>\n<h1>Bad Gateway</h1>\n</html>", `DBOS Cloud answered with HTML instead of JSON: "<html> <h1>Bad Gateway</h1> </html>" (502 Bad Gateway to GET ` + path + `)`},
		"empty":      {503, "", `DBOS Cloud answered with an empty body (503 Service Unavailable to GET ` + path + `)`},
		"text":       {404, "404 page not found\n", `DBOS Cloud answered with something that is not JSON: "404 page not found" (404 Not Found to GET ` + path + `)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := asked(t, test.status, test.body); err.Error() != test.want {
				t.Errorf("error is\n%s\nwant\n%s", err, test.want)
			}
		})
	}
}

func TestErrorFields(t *testing.T) {
	t.Parallel()
	err := asked(t, 400, `{"message":"migration failed","statusCode":400,"requestID":"r-9","DetailedError":"line 1\nline 2"}`)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *Error", err)
	}
	if e.Method != "GET" || e.Path != "/v1alpha1/acme/databases/userdb/info/pg_main" || e.Status != 400 ||
		e.Message != "migration failed" || e.RequestID != "r-9" || e.Detail != "line 1\nline 2" {
		t.Errorf("fields are %+v", e)
	}
}
