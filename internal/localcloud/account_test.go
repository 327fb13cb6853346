// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// created is when the account was made.
func created(s *Server) (at string) {
	s.store.view(func(st *state) { at = st.account.Created.Format(time.RFC3339) })
	return at
}

func TestAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	tests := map[string]struct {
		method, path string
		status       int
		answer       string
	}{
		"profile": {"GET", "/v1alpha1/user/profile", 200, `{"Name":"local","Email":"local@localhost","Organization":"local","SubscriptionPlan":"free","IsOrgAdmin":true,"CreatedAt":"` + created(s) + `"}`},
		"users":   {"GET", "/v1alpha1/local/users", 200, `{"OrgName":"local","UserNames":["local"]}`},
		"registration": {"PUT", "/v1alpha1/user", 409,
			`{"message":"user local already exists","statusCode":409,"requestID":"ID"}`},
		"another organization": {"GET", "/v1alpha1/other/databases", 403,
			`{"message":"user local is not a member of organization other","statusCode":403,"requestID":"ID"}`},
		"no such call": {"GET", "/v1alpha1/local/dashboard", 404,
			`{"message":"no such call: GET /v1alpha1/local/dashboard","statusCode":404,"requestID":"ID"}`},
		"no such method": {"DELETE", "/v1alpha1/local/databases", 404,
			`{"message":"no such call: DELETE /v1alpha1/local/databases","statusCode":404,"requestID":"ID"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, answer := askPath(t, s, test.method, test.path, ""); status != test.status || answer != test.answer {
				t.Errorf("%d %s, want %d %s", status, answer, test.status, test.answer)
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	s := start(t)
	resp, err := send(t, s, "GET", "/v1alpha1/local/databases/userdb/info/nosuch", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ RequestID string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if header := resp.Header.Get("X-Request-Id"); answer.RequestID == "" || header != answer.RequestID {
		t.Errorf("the header says %q, the error %q", header, answer.RequestID)
	}
}

func TestLoginIsNeeded(t *testing.T) {
	t.Parallel()
	s := start(t)
	other := start(t)
	expired := start(t, func(o *Options) { o.TokenLifetime = -time.Minute })
	segments := strings.Split(s.connection.Token, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + segments[1] + "."
	tests := map[string]struct {
		server        *Server
		authorization string
		message       string
	}{
		"none":                {s, "", "unauthorized: no bearer token"},
		"another scheme":      {s, "Basic bG9jYWw6bG9jYWw=", "unauthorized: no bearer token"},
		"no JWT":              {s, "Bearer x", "unauthorized: the token is not valid"},
		"no signature":        {s, "Bearer " + unsigned, "unauthorized: the token is not valid"},
		"another's signature": {s, "Bearer " + other.connection.Token, "unauthorized: the token is not valid"},
		"expired":             {expired, "Bearer " + expired.connection.Token, "unauthorized: the token is expired"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/v1alpha1/user/profile", "/v1alpha1/local/databases", "/localcloud/faults"} {
				r, err := http.NewRequestWithContext(t.Context(), "GET", test.server.connection.Endpoint+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if test.authorization != "" {
					r.Header.Set("Authorization", test.authorization)
				}
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				status, answer := read(t, resp)
				if want := `{"message":"` + test.message + `","statusCode":401,"requestID":"ID"}`; status != 401 || answer != want {
					t.Errorf("%s: %d %s, want %s", path, status, answer, want)
				}
			}
		})
	}
}

func exchangeForm(t *testing.T, s *Server, form url.Values) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.connection.AuthEndpoint+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}

func TestExchange(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *Options) { o.TokenLifetime = time.Hour })
	status, answer := exchangeForm(t, s, url.Values{
		"grant_type":    {"refresh_token"},
		"client_id":     {"G38fLmVErczEo9ioCFjVIHea6yd0qMZu"},
		"refresh_token": {s.connection.RefreshToken},
	})
	var got map[string]any
	if err := json.Unmarshal([]byte(answer), &got); err != nil || status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	token, _ := got["access_token"].(string)
	if got["token_type"] != "Bearer" || got["expires_in"] != 3600.0 || got["scope"] == "" || token == s.connection.Token {
		t.Errorf("the answer is %s", answer)
	}
	s.connection.Token = token
	if status, answer := askPath(t, s, "GET", "/v1alpha1/user/profile", ""); status != 200 {
		t.Errorf("with the new token: %d %s", status, answer)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Exp int64 }
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(time.Unix(claims.Exp, 0)); left < 59*time.Minute || left > time.Hour {
		t.Errorf("the token expires in %s", left)
	}
}

func TestExchangeIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	const client = "6p7Sjxf13cyLMkdwn14MxlH7JdhILled"
	tests := map[string]struct {
		grant, client, token string
		status               int
		answer               string
	}{
		"wrong token":  {"refresh_token", client, "v1.wrong", 403, `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`},
		"no token":     {"refresh_token", client, "", 403, `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`},
		"wrong client": {"refresh_token", "x", s.connection.RefreshToken, 401, `{"error":"invalid_client","error_description":"Unknown client."}`},
		"wrong grant": {"password", client, s.connection.RefreshToken, 403,
			`{"error":"unsupported_grant_type","error_description":"This local cloud knows the grant type refresh_token only."}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := url.Values{"grant_type": {test.grant}, "client_id": {test.client}, "refresh_token": {test.token}}
			if status, answer := exchangeForm(t, s, form); status != test.status || answer != test.answer {
				t.Errorf("%d %s, want %d %s", status, answer, test.status, test.answer)
			}
		})
	}
}

func TestLoginFiles(t *testing.T) {
	t.Parallel()
	s := start(t)
	raw, err := os.ReadFile(s.connection.CredentialsFile)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"token":"` + s.connection.Token + `","refreshToken":"` + s.connection.RefreshToken + `","userName":"local","organization":"local"}`
	if string(raw) != want {
		t.Errorf("the credentials file holds\n%s\nwant\n%s", raw, want)
	}
	raw, err = os.ReadFile(s.dir.file(ConnectionFile))
	if err != nil {
		t.Fatal(err)
	}
	var c Connection
	if err := json.Unmarshal(raw, &c); err != nil || c != s.connection {
		t.Errorf("the connection file holds %s: %v", raw, err)
	}
}
