// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud_test

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

func newTestClient(t *testing.T, cfg cloud.Config) *cloud.Client {
	t.Helper()
	cfg.Timing = cloud.Timing{Poll: time.Millisecond, Backoff: time.Millisecond, LongestBackoff: 5 * time.Millisecond}
	client, err := cloud.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestCallsWithoutALogin checks that a write which was not sent for lack of a login has no unknown outcome, and that a
// refused login is final.
func TestCallsWithoutALogin(t *testing.T) {
	t.Parallel()
	var exchanges atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth/token" {
			t.Errorf("a request came to %s", r.URL.Path)
		}
		exchanges.Add(1)
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	for _, test := range []struct {
		login     cloud.Login
		why       string
		is        error
		exchanges int32
	}{
		{cloud.Login{}, "no login to DBOS Cloud: neither a token nor a refresh token was given", cloud.ErrNoLogin, 0},
		{cloud.Login{RefreshToken: "zqxj"}, `the login has expired or was withdrawn: ` + host + ` refused the refresh token (403 Forbidden, invalid_grant: "Unknown or invalid refresh token."); log in again with dbos-cloud login and give its new refresh token`, nil, 3},
	} {
		client := newTestClient(t, cloud.Config{Endpoint: server.URL, Organization: "acme", Login: test.login})
		_, err := client.Account(limited(t))
		says(t, err, test.why)
		if test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("error %v", err)
		}
		err = client.SetInstancePassword(limited(t), "db1", "zqxj-pass")
		says(t, err, test.why)
		if cloud.OutcomeUnknown(err) {
			t.Error("the outcome counts as unknown")
		}
		_, err = client.WaitInstance(limited(t), "db1", cloud.Ready)
		if !strings.HasSuffix(message(err), test.why) {
			t.Errorf("wait: %v", err)
		}
		if n := exchanges.Load(); n != test.exchanges {
			t.Errorf("%d exchanges, want %d", n, test.exchanges)
		}
	}
}

func TestLoginThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for _, login := range []cloud.Login{{Token: "zq xj"}, {Token: "zqxj", RefreshToken: "zq\nxj"}} {
		if _, err := cloud.New(cloud.Config{Login: login}); err == nil || strings.Contains(err.Error(), "zq") {
			t.Errorf("error %v", err)
		}
	}
	if _, err := cloud.New(cloud.Config{Login: cloud.Login{RefreshToken: "zqxj"}, AuthEndpoint: "http://login.example.org"}); err == nil || !strings.HasPrefix(err.Error(), `auth endpoint "http://login.example.org" is plain http`) {
		t.Errorf("error %v", err)
	}
	if _, err := cloud.New(cloud.Config{Login: cloud.Login{Token: " zqxj\r\n"}}); err != nil {
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
			_, _ = fmt.Fprintf(w, `{"access_token":%q}`, second)
			return
		}
		want := first
		if calls.Add(1) > 2 {
			want = second
		}
		if r.Header.Get("Authorization") != "Bearer "+want {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"message":"token zqxj is expired"}`)
			return
		}
		_, _ = io.WriteString(w, `{"Name":"ada","Organization":"acme"}`)
	}))
	t.Cleanup(server.Close)
	log := &strings.Builder{}
	client := newTestClient(t, cloud.Config{
		Endpoint:       server.URL,
		CACertificates: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		Login:          cloud.Login{Token: first, RefreshToken: "zqxj-refresh"},
		Logger:         slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	for range 4 {
		if account, err := client.Account(limited(t)); err != nil || account.Name != "ada" {
			t.Errorf("%+v, %v", account, err)
		}
	}
	if exchanges.Load() != 1 {
		t.Errorf("%d exchanges", exchanges.Load())
	}
	if text := log.String(); strings.Contains(text, "zqxj") || !strings.Contains(text, "path=/oauth/token") {
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
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch first := r.Header.Get("Authorization") == "Bearer zqxj1"; {
		case r.URL.Path == "/oauth/token":
			exchanges.Add(1)
			_, _ = io.WriteString(w, `{"access_token":"zqxj2","expires_in":3600}`)
		case first && (r.Method == http.MethodPost || strings.Contains(r.URL.Path, "/info/")):
			if refused.Add(1) == waiting+1 {
				close(ended)
			}
			<-ended
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"message":"the token is expired"}`)
		case strings.HasSuffix(r.URL.Path, "/versions"):
			_, _ = io.WriteString(w, `[]`)
		case r.Method == http.MethodPost:
			deployed.Add(1)
			if strings.TrimSpace(string(body)) != sent {
				t.Errorf("after the renewal %d bytes are sent, want %d", len(body), len(sent))
			}
			_, _ = io.WriteString(w, `{"ApplicationName":"shop","ApplicationVersion":"v1"}`)
		case strings.HasSuffix(r.URL.Path, "/shop"):
			_, _ = io.WriteString(w, `{"Name":"shop","ID":"1","PostgresInstanceName":"a","Status":"AVAILABLE"}`)
		default:
			_, _ = fmt.Fprintf(w, `{"PostgresInstanceName":%q,"Status":"available","HostName":"h","Port":5432}`, path.Base(r.URL.Path))
		}
	}))
	t.Cleanup(server.Close)
	client := newTestClient(t, cloud.Config{Endpoint: server.URL, Organization: "acme", Login: cloud.Login{Token: "zqxj1", RefreshToken: "zqxj-refresh"}})
	var all sync.WaitGroup
	all.Go(func() {
		if version, err := client.Deploy(limited(t), "shop", &zeros{size: size}); err != nil || version != "v1" {
			t.Errorf("deploy: %q, %v", version, err)
		}
	})
	for i := range waiting {
		all.Go(func() {
			if _, err := client.FreshInstance(limited(t), fmt.Sprintf("pg_%d", i)); err != nil {
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
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request came to the other host, with the authorization %q", r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	client := newTestClient(t, cloud.Config{Endpoint: server.URL, Organization: "acme", Login: cloud.Login{Token: "zqxj"}})
	if _, err := client.Account(limited(t)); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(elsewhere.URL, "http://")) {
		t.Errorf("read: %v", err)
	}
	if err := client.SetSecret(limited(t), "shop", "KEY", "zqxj-value"); err == nil || strings.Contains(err.Error(), "zqxj") {
		t.Errorf("write: %v", err)
	}
}
