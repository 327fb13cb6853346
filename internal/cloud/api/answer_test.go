// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

func TestOddAnswers(t *testing.T) {
	t.Parallel()
	const whole = `{"PostgresInstanceName":"pg_main","Status":"available","HostName":"h","Port":5432}`
	for name, test := range map[string]struct {
		body string
		want string
	}{
		"HTML":            {"<!DOCTYPE html>\n<title>Sign in</title>", `with HTML instead of JSON: "<!DOCTYPE html> <title>Sign in</title>"`},
		"empty":           {"", "with an empty body"},
		"blank":           {" \r\n", "with an empty body"},
		"cut off":         {whole[:40], "with JSON that is cut off: "},
		"text":            {"upstream is warming up", `with something that is not JSON: "upstream is warming up"`},
		"two answers":     {whole + whole, "with something that is not JSON"},
		"port as text":    {`{"PostgresInstanceName":"pg_main","Port":"5432"}`, "with JSON in which Port is of a wrong type"},
		"name as number":  {`{"PostgresInstanceName":7}`, "with JSON in which PostgresInstanceName is of a wrong type"},
		"a list":          {`[` + whole + `]`, "with JSON of a wrong type"},
		"null":            {`null`, "with JSON that cannot be used, as there is no PostgresInstanceName"},
		"empty object":    {`{}`, "with JSON that cannot be used, as there is no PostgresInstanceName"},
		"an error as 200": {`{"message":"internal error","statusCode":500}`, "there is no PostgresInstanceName"},
		"long":            {"<html>" + strings.Repeat("lorem ipsum ", 1000), "…"},
		"not UTF-8":       {"\xff\xfe\x00", "with something that is not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := wired(t, wiretest.With("X-Request-Id", "gw-1", wiretest.OK(test.body)))
			err := read(t.Context(), c, Poll)
			wiretest.ExpectError(t, err, test.want)
			wiretest.ExpectError(t, err, "200 OK to GET /v1alpha1/acme/databases/userdb/info/pg_main, request ID gw-1")
			if len(err.Error()) > 700 {
				t.Errorf("error has %d characters", len(err.Error()))
			}
			if IsNotFound(err) || IsBusy(err) || OutcomeUnknown(err) {
				t.Errorf("a broken answer is taken for the API's word: %v", err)
			}
		})
	}
}

func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    bool
	}{
		"broken off":     {wiretest.Lose, true},
		"502 of a proxy": {wiretest.Say(502, "<html>"), true},
		"500 of the API": {wiretest.Refuse(500, "internal error"), true},
		"408":            {wiretest.Say(408, ""), true},
		"HTML as 200":    {wiretest.OK("<html>"), true},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.test/", http.StatusFound)
		}, true},
		"refused":           {wiretest.Refuse(400, "too short"), false},
		"not found as 500":  {wiretest.Refuse(500, "userdb not found"), false},
		"busy":              {wiretest.Refuse(500, "application is busy"), false},
		"exists":            {wiretest.Refuse(409, "pg_main already exists"), false},
		"refused by a page": {wiretest.Say(403, "<html>"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := wired(t, test.handler)
			err := c.Send(t.Context(), Request{Kind: Write, Method: "POST", Path: []string{"databases", "userdb"}, Object: Object{"database instance", "userdb"}, FailWhenBusy: true})
			if err == nil {
				t.Fatal("no error")
			}
			if got := OutcomeUnknown(err); got != test.want {
				t.Errorf("OutcomeUnknown is %t, want %t, of: %v", got, test.want, err)
			}
			w.Expect(t, "POST /acme/databases/userdb")
		})
	}
}

func TestAnswersThatSayNothing(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "OK", `{"anything":1}`, "null"} {
		// Some servers label every text as HTML.
		c, _ := wired(t, wiretest.With("Content-Type", "text/html; charset=utf-8", wiretest.OK(body)))
		if err := c.Send(t.Context(), Request{Kind: Write, Method: "POST", Path: []string{"databases", "userdb"}}); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// A request ID that ends as a secret begins is no secret: only where the end of a body is missing may the rest of the
// secret be what is missing.
func TestOnlyWhatIsCutOffEndsInASecret(t *testing.T) {
	t.Parallel()
	for body, hidden := range map[string]bool{
		`{"message":"refused","requestID":"req-kanary-pass"}`: false,
		`{"message":"you sent kanary-pass"}`:                  false,
		"you sent kanary-pass":                                false,
		"<html>you sent kanary-pass</html>":                   false,
		"<html>you sent kanary-pass":                          true,
		`{"message":"you sent kanary-pass`:                    true,
	} {
		c, _ := wired(t, wiretest.Say(400, body))
		err := setPassword(t.Context(), c, "kanary-password")
		if strings.Contains(err.Error(), "kanary-pass") == hidden {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	const password = `pa&ss<word>"q`
	for name, echo := range map[string]string{
		"message":        fmt.Sprintf(`{"message":%q,"statusCode":400,"DetailedError":%q}`, "bad password "+password, "you sent "+password),
		"page":           "<html>you sent " + password + " with " + wiretest.Token,
		"request body":   `<html>{"Password":"pa&ss<word>\"q"}`,
		"escaped":        `<html>pa&amp;ss&lt;word&gt;&#34;q`,
		"escaped JSON":   `<html>pa\u0026ss\u003cword\u003e\"q`,
		"token":          fmt.Sprintf(`{"message":"bad token %s"}`, wiretest.Token),
		"across the end": "<html>" + strings.Repeat("x", 288) + password,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := wired(t, wiretest.Say(400, echo))
			err := setPassword(t.Context(), c, password)
			wiretest.ExpectError(t, err, "400 Bad Request")
			text := fmt.Sprintf("%v %+v %#v", err, err, err)
			for _, part := range []string{"pa&ss", "pa&amp;ss", "u0026ss", "ss<wo", "signature-of"} {
				if strings.Contains(text, part) {
					t.Errorf("%q is in the error: %s", part, text)
				}
			}
		})
	}
}

// TestEmptyMessageIsNoRefusal checks that an answer with an empty message is described, not quoted.
func TestEmptyMessageIsNoRefusal(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"message":"","statusCode":400}`, `{"message":" \n","requestID":"r"}`, `{}`} {
		c, _ := wired(t, wiretest.Say(400, body))
		err := read(t.Context(), c, Poll)
		wiretest.ExpectError(t, err, "with JSON without a message")
	}
}

// TestRequestIDOfTheBodyIsThatOfAnError checks that a field of an object is not logged as the request ID.
func TestRequestIDOfTheBodyIsThatOfAnError(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{200: "id-of-answer", 400: "id-of-error"} {
		log := &wiretest.Journal{}
		c, _ := wired(t, wiretest.With("X-Request-Id", "id-of-answer", wiretest.Say(status, `{"PostgresInstanceName":"pg_main","message":"no","requestID":"id-of-error"}`)), func(cfg *Config) { cfg.Logger = log.Logger() })
		if err := read(t.Context(), c, Poll); (err != nil) != (status == 400) {
			t.Error(err)
		}
		if !strings.Contains(log.String(), `"request_id":"`+want+`"`) {
			t.Errorf("status %d: %s", status, log)
		}
	}
}
