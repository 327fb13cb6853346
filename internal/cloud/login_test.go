// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// TestCallsWithoutALogin checks that a write which was not sent for lack of a login has no unknown outcome, and that a
// refused login is final.
func TestCallsWithoutALogin(t *testing.T) {
	t.Parallel()
	const exchange = "POST /oauth/token"
	for _, test := range []struct {
		login     Login
		why       string
		is        error
		exchanges int
	}{
		{Login{}, "no login to DBOS Cloud: neither a token nor a refresh token was given", ErrNoLogin, 0},
		{Login{RefreshToken: "zqxj"}, `the login has expired or was revoked: login.dbos.dev refused the refresh token (403 Forbidden, invalid_grant: "Unknown or invalid refresh token."); log in again with dbos-cloud login and use its new refresh token`, nil, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			refusal := wiretest.Say(403, `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`)
			c, w := wired(t, refusal, func(cfg *Config) { cfg.Login = test.login })
			_, err := c.Account(t.Context())
			wiretest.ExpectMessage(t, err, test.why)
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v", err)
			}
			err = c.SetInstancePassword(t.Context(), "db1", "zqxj-pass")
			wiretest.ExpectMessage(t, err, test.why)
			if OutcomeUnknown(err) {
				t.Error("the outcome counts as unknown")
			}
			_, err = c.WaitInstance(t.Context(), "db1", Ready)
			if !strings.HasSuffix(wiretest.Message(err), test.why) {
				t.Errorf("wait: %v", err)
			}
			if n := w.Count(exchange); n != test.exchanges || n != len(w.Calls()) {
				t.Errorf("calls: %q, want %d exchanges", w.Calls(), test.exchanges)
			}
		})
	}
}

func TestLoginThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for _, login := range []Login{{Token: "zq xj"}, {Token: "zqxj", RefreshToken: "zq\nxj"}} {
		if _, err := New(Config{Login: login}); err == nil || strings.Contains(err.Error(), "zq") {
			t.Errorf("error %v", err)
		}
	}
	if _, err := New(Config{Login: Login{RefreshToken: "zqxj"}, AuthEndpoint: "http://login.example.org"}); err == nil || !strings.HasPrefix(err.Error(), `auth endpoint "http://login.example.org" is plain http`) {
		t.Errorf("error %v", err)
	}
	if _, err := New(Config{Login: Login{Token: " zqxj\r\n"}}); err != nil {
		t.Error(err)
	}
}

// TestLoginIsRenewedInTheMiddle lets the token expire while a client works. It uses TLS with a private CA for the
// control plane and the auth server, and checks that the log holds no secret.
func TestLoginIsRenewedInTheMiddle(t *testing.T) {
	t.Parallel()
	token := func(name string) string {
		return "eyJ." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, time.Now().Add(time.Hour).Unix())) + ".zqxj" + name
	}
	first, second := token("1"), token("2")
	var calls, exchanges atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/token" {
			exchanges.Add(1)
			body, _ := io.ReadAll(r.Body)
			if form, err := url.ParseQuery(string(body)); err != nil || form.Get("refresh_token") != "zqxj-refresh" {
				t.Errorf("form %s", body)
			}
			wiretest.OK(fmt.Sprintf(`{"access_token":%q}`, second))(w, r)
			return
		}
		want := first
		if calls.Add(1) > 2 {
			want = second
		}
		if r.Header.Get("Authorization") != "Bearer "+want {
			wiretest.Say(401, `{"message":"token zqxj is expired"}`)(w, r)
			return
		}
		wiretest.OK(`{"Name":"ada","Organization":"acme"}`)(w, r)
	}))
	t.Cleanup(server.Close)
	log := &wiretest.Journal{}
	client := dial(t, server.URL, func(cfg *Config) {
		cfg.CACertificates = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		cfg.Login = Login{Token: first, RefreshToken: "zqxj-refresh"}
		cfg.Logger = log.Logger()
	})
	for range 4 {
		if account, err := client.Account(t.Context()); err != nil || account.Name != "ada" {
			t.Errorf("%+v, %v", account, err)
		}
	}
	if exchanges.Load() != 1 {
		t.Errorf("%d exchanges", exchanges.Load())
	}
	if text := log.String(); strings.Contains(text, "zqxj") || !strings.Contains(text, `"path":"/oauth/token"`) {
		t.Errorf("log: %s", text)
	}
}

// TestLoginIsRenewedOnceForAll lets the token expire while one caller uploads and others wait. There is one exchange,
// and the upload begins again at its start.
func TestLoginIsRenewedOnceForAll(t *testing.T) {
	t.Parallel()
	const waiting = 8
	var exchanges, deployed, refused atomic.Int32
	ended := make(chan struct{}) // once all were refused
	const size = 1 << 20
	sent := `{"application_archive":"` + base64.StdEncoding.EncodeToString(make([]byte, size)) + `"}`
	server := wiretest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch first := r.Header.Get("Authorization") == "Bearer zqxj1"; {
		case r.URL.Path == "/oauth/token":
			exchanges.Add(1)
			wiretest.OK(`{"access_token":"zqxj2","expires_in":3600}`)(w, r)
		case first && (r.Method == http.MethodPost || strings.Contains(r.URL.Path, "/info/")):
			if refused.Add(1) == waiting+1 {
				close(ended)
			}
			<-ended
			wiretest.Say(401, `{"message":"the token is expired"}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/versions"):
			wiretest.OK(`[]`)(w, r)
		case r.Method == http.MethodPost:
			deployed.Add(1)
			if strings.TrimSpace(string(body)) != sent {
				t.Errorf("after the renewal %d bytes are sent, want %d", len(body), len(sent))
			}
			wiretest.OK(`{"ApplicationName":"shop","ApplicationVersion":"v1"}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/shop"):
			wiretest.OK(`{"Name":"shop","ID":"1","PostgresInstanceName":"a","Status":"AVAILABLE"}`)(w, r)
		default:
			wiretest.OK(fmt.Sprintf(`{"PostgresInstanceName":%q,"Status":"available","HostName":"h","Port":5432}`, path.Base(r.URL.Path)))(w, r)
		}
	})
	client := dial(t, server.URL, func(cfg *Config) { cfg.Login = Login{Token: "zqxj1", RefreshToken: "zqxj-refresh"} })
	var all sync.WaitGroup
	all.Go(func() {
		if version, err := deploy(t.Context(), client, &zeros{size: size}); err != nil || version != "v1" {
			t.Errorf("deploy: %q, %v", version, err)
		}
	})
	for i := range waiting {
		all.Go(func() {
			if _, err := client.FreshInstance(t.Context(), fmt.Sprintf("pg_%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if exchanges.Load() != 1 || deployed.Load() != 1 {
		t.Errorf("%d exchanges and %d deploys, want one of each", exchanges.Load(), deployed.Load())
	}
}

// TestRedirectsDoNotTakeTheTokenAlong covers redirects of the control plane.
func TestRedirectsDoNotTakeTheTokenAlong(t *testing.T) {
	t.Parallel()
	elsewhere := wiretest.Serve(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request came to the other host, with the authorization %q", r.Header.Get("Authorization"))
	})
	server := wiretest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	client := dial(t, server.URL, func(cfg *Config) { cfg.Login.Token = "zqxj" })
	if _, err := client.Account(t.Context()); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(elsewhere.URL, "http://")) {
		t.Errorf("read: %v", err)
	}
	if err := client.SetSecret(t.Context(), "shop", "KEY", "zqxj-value"); err == nil || strings.Contains(err.Error(), "zqxj") {
		t.Errorf("write: %v", err)
	}
}
