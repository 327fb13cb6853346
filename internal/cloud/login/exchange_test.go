// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

func TestAuthServer(t *testing.T) {
	t.Parallel()
	const prod, other = "6p7Sjxf13cyLMkdwn14MxlH7JdhILled", "G38fLmVErczEo9ioCFjVIHea6yd0qMZu"
	for _, test := range []struct{ endpoint, configured, url, client string }{
		{"https://cloud.dbos.dev", "", "https://login.dbos.dev/oauth/token", prod},
		{"https://Cloud.DBOS.dev:443/", "", "https://login.dbos.dev/oauth/token", prod},
		{"https://staging.dev.dbos.dev", "", "https://dbos-inc.us.auth0.com/oauth/token", other},
		{"https://cloud.dbos.dev.example.org", "", "https://dbos-inc.us.auth0.com/oauth/token", other},
		{"http://127.0.0.1:8080", "", "http://127.0.0.1:8080/oauth/token", other},
		{"https://[::1]:8080/", "", "https://[::1]:8080/oauth/token", other},
		{"http://localhost:8080/base/", "", "http://localhost:8080/base/oauth/token", other},
		{"http://localhost:8080", "http://localhost:9090/", "http://localhost:9090/oauth/token", other},
		{"https://cloud.dbos.dev", "https://login.example.org/tenant", "https://login.example.org/tenant/oauth/token", prod},
	} {
		var configured *url.URL
		if test.configured != "" {
			configured = parse(t, test.configured)
		}
		if at, client := authServer(parse(t, test.endpoint), configured); at.String() != test.url || client != test.client {
			t.Errorf("%s, %q: %s as %s, want %s as %s", test.endpoint, test.configured, at, client, test.url, test.client)
		}
	}
}

// TestRefreshFails checks the error for each odd answer of an auth server, and that no message holds a token.
func TestRefreshFails(t *testing.T) {
	t.Parallel()
	const expired = `the login has expired or was revoked: HOST refused the refresh token (%s); log in again with dbos-cloud login and use its new refresh token`
	const odd = `the refresh token could not be exchanged: HOST answered 200 OK with %s; check the auth endpoint`
	const other = `the refresh token could not be exchanged: HOST answered %s, which is not an answer of a login service; check the auth endpoint`
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"expired":             {403, `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`, fmt.Sprintf(expired, `403 Forbidden, invalid_grant: "Unknown or invalid refresh token."`)},
		"no description":      {400, `{"error":"invalid_request"}`, fmt.Sprintf(expired, `400 Bad Request, invalid_request`)},
		"HTML":                {401, `<html>zqxj-refresh</html>`, fmt.Sprintf(expired, `401 Unauthorized`)},
		"empty":               {401, ``, fmt.Sprintf(expired, `401 Unauthorized`)},
		"repeats the token":   {403, `{"error":"invalid_grant","error_description":"zqxj-refresh is unknown"}`, fmt.Sprintf(expired, `403 Forbidden, invalid_grant`)},
		"holds a JWT":         {403, `{"error":"invalid_grant","error_description":"eyJzqxj"}`, fmt.Sprintf(expired, `403 Forbidden, invalid_grant`)},
		"a code that is none": {403, `{"error":"zqxj-refresh","error_description":"x"}`, fmt.Sprintf(expired, `403 Forbidden`)},
		"longest code":        {400, `{"error":"` + strings.Repeat("x", 40) + `"}`, fmt.Sprintf(expired, `400 Bad Request, `+strings.Repeat("x", 40))},
		"a code too long":     {400, `{"error":"` + strings.Repeat("x", 41) + `"}`, fmt.Sprintf(expired, `400 Bad Request`)},
		"long description":    {400, `{"error":"invalid_grant","error_description":"` + strings.Repeat("x", 201) + `"}`, fmt.Sprintf(expired, `400 Bad Request, invalid_grant`)},
		"not found":           {404, `{"error":"invalid_grant"}`, fmt.Sprintf(other, "404 Not Found")},
		"created":             {201, `{"access_token":"zqxj"}`, fmt.Sprintf(other, "201 Created")},
		"HTML with 200":       {200, `<html>zqxj</html>`, fmt.Sprintf(odd, "17 bytes that are not JSON with a token")},
		"nothing with 200":    {200, ``, fmt.Sprintf(odd, "0 bytes that are not JSON with a token")},
		"cut off":             {200, `{"access_token":"zqxj`, fmt.Sprintf(odd, "21 bytes that are not JSON with a token")},
		"wrong type":          {200, `{"access_token":12345}`, fmt.Sprintf(odd, "22 bytes that are not JSON with a token")},
		"null":                {200, `null`, fmt.Sprintf(odd, "no access_token")},
		"no access token":     {200, `{"id_token":"zqxj"}`, fmt.Sprintf(odd, "no access_token")},
		"blank access token":  {200, `{"access_token":" \r\n"}`, fmt.Sprintf(odd, "no access_token")},
		"line break in token": {200, `{"access_token":"zqxj\nzqxj"}`, fmt.Sprintf(odd, "an access_token that cannot be sent")},
		"huge":                {200, `{"access_token":"` + strings.Repeat("zqxj", 1<<19) + `"}`, fmt.Sprintf(odd, "1048576 bytes that are not JSON with a token")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, Login{RefreshToken: "zqxj-refresh"}, all, wiretest.Say(test.status, test.body))
			_, err := s.get(t)
			var login *Error
			if !errors.As(err, &login) {
				t.Fatalf("error %v", err)
			}
			if want := strings.ReplaceAll(test.want, "HOST", authHost); login.Error() != want {
				t.Errorf("\n got %s\nwant %s", login, want)
			}
			if strings.Contains(err.Error(), "zqxj") || login.Temporary {
				t.Errorf("secret or temporary: %v", err)
			}
			s.expect(t, 1)
		})
	}
}

func TestRefreshIsRepeated(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]http.HandlerFunc{
		"502":               wiretest.BadGateway,
		"429":               wiretest.Say(429, ""),
		"408":               wiretest.Say(408, ""),
		"broken connection": wiretest.Lose,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStand(t, Login{RefreshToken: "zqxj-refresh"}, all, wiretest.InTurn(fail, fail, give(jwt("fresh", time.Hour))))
				if status, err := s.get(t); status != http.StatusOK || err != nil {
					t.Errorf("status %d, error %v", status, err)
				}
				s.expect(t, 3, "fresh")
			})
		})
	}
}

// TestCutOffExchangeIsRepeated breaks the first answer off within its body.
func TestCutOffExchangeIsRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		exchanges := 0
		auth, err := NewTransport(Config{Login: Login{RefreshToken: "zqxj-refresh"}}, wiretest.RoundTripFunc(func(req *http.Request) (*http.Response, error) {
			body := strings.NewReader(`{"access_token":"zqxj"}`)
			resp := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), Request: req}
			if req.URL.Path == "/oauth/token" {
				if exchanges++; exchanges == 1 {
					resp.Body = io.NopCloser(io.MultiReader(io.LimitReader(body, 9), iotest.ErrReader(io.ErrUnexpectedEOF)))
				}
			}
			return resp, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, DefaultEndpoint, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := auth.RoundTrip(req); err != nil || exchanges != 2 {
			t.Errorf("%d exchanges, %v", exchanges, err)
		}
	})
}

// TestRefreshGivesUp checks that the attempts end with the retry timeout, and that a token which has not expired is
// used meanwhile.
func TestRefreshGivesUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		left  time.Duration // of the token's life, 0 is no token
		limit time.Duration
		works bool
	}{
		"no token":            {0, 2 * time.Minute, false},
		"token that lasts":    {50 * time.Second, 30 * time.Second, true},
		"token that does not": {50 * time.Second, 2 * time.Minute, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			login := Login{RefreshToken: "zqxj-refresh"}
			if test.left > 0 {
				login.Token = jwt("a", test.left)
			}
			wire := wiretest.New(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/oauth/token" { // The auth server is overloaded while the control plane works.
					wiretest.Say(503, "")(w, r)
				}
			})
			auth, err := NewTransport(Config{Login: login, RetryTimeout: test.limit}, wire)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://cloud.dbos.dev/v1alpha1/user/profile", nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = auth.RoundTrip(req)
			var refused *Error
			if test.works != (err == nil) || err != nil && (!errors.As(err, &refused) || !refused.Temporary ||
				refused.text != "the refresh token could not be exchanged: login.dbos.dev answered 503 Service Unavailable") {
				t.Errorf("%s: %v", name, err)
			}
			if took, exchanges := time.Since(begun), wire.Count("POST /oauth/token"); took > test.limit || took < test.limit-15*time.Second || exchanges < 5 {
				t.Errorf("%s: %d exchanges in %s", name, exchanges, took)
			}
		})
	}
}

func TestRefreshIsAskedToWaitForTooLong(t *testing.T) {
	t.Parallel()
	for header, asked := range map[string]string{"7200": "2h0m0s", "9223372037": "8760h0m0s", "Fri, 31 Dec 9999 23:59:59 GMT": "8760h0m0s"} {
		s := newStand(t, Login{RefreshToken: "zqxj-refresh"}, all, wiretest.With("Retry-After", header, wiretest.Say(429, "")))
		if _, err := s.get(t); err == nil || !strings.HasSuffix(err.Error(), " answered 429 Too Many Requests; it asks to wait "+asked) {
			t.Errorf("%s: error %v", header, err)
		}
		s.expect(t, 1)
	}
}

// TestFailureIsForgotten refuses one exchange and accepts the next.
func TestFailureIsForgotten(t *testing.T) {
	t.Parallel()
	s := newStand(t, Login{RefreshToken: "zqxj-refresh"}, all, wiretest.InTurn(wiretest.Say(403, ""), give(jwt("fresh", time.Hour))))
	if _, err := s.get(t); err == nil {
		t.Error("the first exchange succeeded")
	}
	if _, err := s.get(t); err != nil {
		t.Error(err)
	}
}

func TestRefreshTokenRotates(t *testing.T) {
	t.Parallel()
	s := newStand(t, Login{Token: jwt("a", time.Hour), RefreshToken: "zqxj-refresh"}, only("fresh2"), wiretest.InTurn(
		wiretest.OK(fmt.Sprintf(`{"access_token":%q,"refresh_token":"rotated1"}`, jwt("fresh1", time.Hour))),
		wiretest.OK(fmt.Sprintf(`{"access_token":%q,"refresh_token":"rotated2"}`, jwt("fresh2", time.Hour))),
	))
	s.auth.token.accepted = true
	if _, err := s.get(t); err != nil {
		t.Error(err)
	}
	s.auth.token.accepted = true
	if status, err := s.get(t); status != http.StatusOK || err != nil {
		t.Errorf("status %d, error %v", status, err)
	}
	if got := s.forms[1].Get("refresh_token"); got != "rotated1" {
		t.Errorf("the second exchange was of %q", got)
	}
	for _, secret := range []string{"rotated1", "rotated2", s.tokens[1], s.tokens[3]} {
		if redact.Text(secret) == secret {
			t.Errorf("a message could show %s", secret)
		}
	}
}

// TestTokensStayHome makes each server redirect to another, which must see neither token.
func TestTokensStayHome(t *testing.T) {
	t.Parallel()
	const elsewhere = "https://elsewhere.example/" // The stand would take a request to it for an exchange, at the wrong address.
	s := newStand(t, Login{RefreshToken: "zqxj-refresh"}, all, wiretest.With("Location", elsewhere, wiretest.Say(307, "")))
	if _, err := s.get(t); err == nil || !strings.Contains(err.Error(), " answered 307 Temporary Redirect, which is not an answer of a login service; check the auth endpoint") {
		t.Errorf("exchange: %v", err)
	}

	s = newStand(t, Login{Token: "zqxj"}, all, noExchange(t))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, elsewhere, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.client.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	want := fmt.Sprintf("the answer redirects from %s to %s; the redirect was not followed, because the token is not for that host", s.auth.endpoint.Host, req.URL.Host)
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("request: %v, want %s", err, want)
	}
}

func TestSameHost(t *testing.T) {
	t.Parallel()
	home := parse(t, "https://cloud.dbos.dev/base")
	for raw, want := range map[string]bool{
		"https://cloud.dbos.dev/x":     true,
		"https://CLOUD.dbos.dev:443/x": true,
		"http://cloud.dbos.dev/x":      false,
		"http://cloud.dbos.dev:443/x":  false,
		"https://cloud.dbos.dev:444/x": false,
		"https://dbos.dev/x":           false,
	} {
		if sameHost(parse(t, raw), home) != want {
			t.Errorf("%s: want %v", raw, want)
		}
	}
}
