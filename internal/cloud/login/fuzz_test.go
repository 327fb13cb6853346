// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A credentials file gives a login that can be sent, the same when it is written again, or an error that shows none of
// it.
func FuzzLoad(f *testing.F) {
	const secret = "zqxj-kanary"
	for _, content := range []string{
		"", " \r\n", "null", "[]", "{}", secret, "TOKEN", `{"token":"TOKEN"}`, `{"token":" TOKEN\r\n","refreshToken":"r","organization":"acme"}`,
		`{"token":"TOKEN TOKEN"}`, `{"token":7,"refreshToken":"TOKEN"}`, `{"TOKEN":1}`, `{"token":"TOKEN"`, "\ufeff" + `{"token":"TOKEN"}`,
		`{"token":"a","Token":"TOKEN"}`, "{\"token\":\"\xff\"}", `{"refreshToken":"\u0000TOKEN"}`,
	} {
		f.Add(content)
	}
	path := filepath.Join(f.TempDir(), "credentials")
	load := func(t *testing.T, content string) (Login, error) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(path)
	}
	f.Fuzz(func(t *testing.T, content string) {
		got, err := load(t, strings.ReplaceAll(content, "TOKEN", secret))
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the token: %v", err)
			}
			return
		}
		if got.Token == "" && got.RefreshToken == "" {
			t.Errorf("%q gives no login", content)
		}
		for _, token := range []string{got.Token, got.RefreshToken} {
			if token != "" && CheckToken(token) != nil {
				t.Errorf("%q gives the token %q: %v", content, token, CheckToken(token))
			}
		}
		written, err := json.Marshal(map[string]string{"token": got.Token, "refreshToken": got.RefreshToken, "organization": got.Organization})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := load(t, string(written)); err != nil || again != got {
			t.Errorf("%+v becomes %+v, %v", got, again, err)
		}
	})
}

var tokenError = regexp.MustCompile(`^the token (is empty|has (white space|a character that is not printable ASCII) inside it, at position \d+; give it in one piece, [a-zA-Z ,"]+)$`)

// A token is fit for a header, or the error says where it is not, in words of its own. Its expiry is a time that can be
// reckoned with.
func FuzzToken(f *testing.F) {
	for _, claims := range []string{`{"exp":1893456000}`, `{"exp":1e300}`, `{"exp":-1}`, `{"exp":"soon"}`, `{"exp":0.5}`, `{"exp":214748364700}`, "null", "x"} {
		f.Add("h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s")
	}
	for _, token := range []string{"", "a", "a b", "a\n", "é", "\xff", "Bearer x", "a.b", "..", "a.e30=.c", "a.e30==.c"} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if err := CheckToken(token); err != nil && !tokenError.MatchString(err.Error()) {
			t.Errorf("error %q", err)
		} else if err == nil && (token == "" || strings.ContainsAny(token, " \t\r\n\x00\x7f")) {
			t.Errorf("%q was accepted", token)
		}
		if at := expiry(token); !at.IsZero() && (at.Before(time.Unix(0, 0)) || at.Year() > 9999) {
			t.Errorf("%q expires at %s", token, at)
		}
	})
}

// An auth server's answer gives a token that can be sent and is used before it ends, or an error without any of the
// answer.
func FuzzTokenAnswer(f *testing.F) {
	const secret = "zqxj-kanary"
	for _, body := range []string{
		"", "null", "{}", "[]", "<html>TOKEN", `{"access_token":"TOKEN"}`, `{"access_token":"TOKEN TOKEN"}`, `{"access_token":"TOKEN","expires_in":86400}`,
		`{"access_token":"a","refresh_token":"TOKEN","expires_in":1e300}`, `{"access_token":"a","expires_in":-1}`, `{"access_token":"a","expires_in":0.1}`,
		`{"access_token":7,"x":"TOKEN"}`, `{"error":"invalid_grant","error_description":"TOKEN is unknown"}`, `{"error":"TOKEN"}`,
	} {
		f.Add(body)
	}
	x := &refresher{url: &url.URL{Scheme: "https", Host: "login.example"}}
	loginToken("", secret)
	f.Fuzz(func(t *testing.T, body string) {
		content := []byte(strings.ReplaceAll(body, "TOKEN", secret))
		if said := reason(content, secret); strings.Contains(said, secret) || strings.ContainsAny(said, "\r\n") {
			t.Errorf("a refusal is told as %q", said)
		}
		now := time.Now()
		got, err := x.read(content, secret)
		switch {
		case err != nil:
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the token: %v", err)
			}
		case CheckToken(got.value) != nil || got.refresh == "":
			t.Errorf("%q gives %+v", body, got)
		case !got.expires.IsZero() && (!got.expires.After(now) || got.renew.After(got.expires)):
			t.Errorf("%q gives a token from %s to %s, renewed from %s", body, now, got.expires, got.renew)
		}
	})
}
