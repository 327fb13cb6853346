// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const canary = `kanary <one> & "two" ünd/three?`
	KeepSecret(canary, "overlap-left", "left-overlapping", "-----BEGIN-----\nMIIEvQIBADANBgkqhkiG9w\nx\n-----END-----", "12345", "true", "  ")
	encoded, err := json.Marshal(canary)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"nothing of it":                              "nothing of it",
		"as it is: " + canary + ".":                  "as it is: (hidden).",
		`{"v":` + string(encoded) + `}`:              `{"v":"(hidden)"}`,
		"<p>" + html.EscapeString(canary) + "</p>":   "<p>(hidden)</p>",
		"?v=" + url.QueryEscape(canary) + "&w=1":     "?v=(hidden)&w=1",
		"/" + url.PathEscape(canary) + "/x":          "/(hidden)/x",
		"overlap-left-overlapping":                   "(hidden)",
		"cut off: kanary <one>":                      "cut off: (hidden)",
		"but kanary two":                             "but kanary two",
		"key MIIEvQIBADANBgkqhkiG9w x":               "key (hidden) x",
		"too short to be secret: 12345 true":         "too short to be secret: 12345 true",
		"postgresql://dbosadmin:pw@db.example:5432/": "postgresql://dbosadmin:(hidden)@db.example:5432/",
		"postgres://a:p@w:x@h/d, amqp://b:c@i":       "postgres://a:(hidden)@h/d, amqp://b:(hidden)@i",
		`{"url":"postgresql:\/\/u:pw@h\/d"}`:         `{"url":"postgresql:\/\/u:(hidden)@h\/d"}`,
		"url=postgresql%3A%2F%2Fu%3Ap%21w%40h%2Fd":   "url=postgresql%3A%2F%2Fu%3A(hidden)%40h%2Fd",
		"https://cloud.dbos.dev:443/a@b":             "https://cloud.dbos.dev:443/a@b",
		"https://ada@host/path":                      "https://ada@host/path",
		"at 10:30, see me@example.org":               "at 10:30, see me@example.org",
	} {
		if got := Redact(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
		for _, around := range []string{"", "u:", "us:", "use:"} {
			text := encoding.EncodeToString([]byte(around + canary + around))
			core := encoding.EncodeToString([]byte(canary))
			if got := Redact(text); !strings.Contains(got, hidden) || len(got) > len(text)-len(core)+len(hidden)+6 {
				t.Errorf("in base64 after %q: %q becomes %q", around, text, got)
			}
		}
	}
}

// TestSecretsOfOtherCalls has a server echo what another call, another client or the login has sent, in every kind of
// answer.
func TestSecretsOfOtherCalls(t *testing.T) {
	t.Parallel()
	const (
		password = "kanary-password-<1>"
		value    = "kanary-value-\"2\""
		variable = "kanary-variable-3"
		token    = "kanary-4.e30.token"
		refresh  = "kanary-5-refresh"
	)
	silent, _ := wired(t, func(w http.ResponseWriter, _ *http.Request) { say(w, 200, "") }, func(cfg *Config) {
		cfg.Login = Login{Token: token, RefreshToken: refresh}
	})
	if err := errors.Join(silent.SetInstancePassword(t.Context(), "pg_main", password), silent.SetSecret(t.Context(), "shop", "KEY", value)); err != nil {
		t.Fatal(err)
	}
	KeepSecret(variable)
	all := strings.Join([]string{password, value, variable, token, refresh, "postgresql://dbosadmin:kanary@db.example/shop"}, " ")
	quoted, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"message": func(w http.ResponseWriter, _ *http.Request) {
			say(w, 400, fmt.Sprintf(`{"message":%s,"statusCode":400,"requestID":%s}`, quoted, quoted))
		},
		"detail": func(w http.ResponseWriter, _ *http.Request) {
			say(w, 400, fmt.Sprintf(`{"message":"failed","DetailedError":%s}`, quoted))
		},
		"page":        func(w http.ResponseWriter, _ *http.Request) { say(w, 502, "<html>"+html.EscapeString(all)) },
		"plain page":  func(w http.ResponseWriter, _ *http.Request) { say(w, 403, "<html>"+all) },
		"odd success": func(w http.ResponseWriter, _ *http.Request) { say(w, 200, `{"Name":["`+url.QueryEscape(all)+`"]}`) },
		"other name":  func(w http.ResponseWriter, _ *http.Request) { say(w, 200, fmt.Sprintf(`{"Name":%s}`, quoted)) },
		"cut off":     func(w http.ResponseWriter, _ *http.Request) { say(w, 200, `{"Name":"kanary-passwo`) },
		"header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", all)
			w.Header().Set("Retry-After", all)
			say(w, 429, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := &journal{}
				c, _ := wired(t, answer, func(cfg *Config) { cfg.Logger = log.logger() })
				_, err := c.FreshApplication(t.Context(), "shop")
				if err == nil {
					t.Fatal("no error")
				}
				text := err.Error() + log.String()
				if e := (*Error)(nil); errors.As(err, &e) {
					text += e.Message + e.Detail + e.RequestID
				}
				if strings.Contains(text, "kanary") {
					t.Errorf("a secret is shown: %s", text)
				}
			})
		})
	}
}

func TestLogIsRedacted(t *testing.T) {
	t.Parallel()
	KeepSecret("kanary-in-a-log")
	log := &journal{}
	logger := slog.New(redactingLog{log.logger().Handler()})
	logger.With("with", "kanary-in-a-log").WithGroup("g").Info("says kanary-in-a-log",
		"text", "kanary-in-a-log", "error", errors.New("kanary-in-a-log"), "number", 1)
	if text := log.String(); strings.Contains(text, "kanary") || strings.Count(text, hidden) != 4 || !strings.Contains(text, `"number":1`) {
		t.Error(text)
	}
}
