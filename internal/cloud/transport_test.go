// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func serveTLS(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, ca []byte) {
	t.Helper()
	server = httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func TestExtraRoots(t *testing.T) {
	t.Parallel()
	var protocol atomic.Value
	server, ca := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
		say(w, 200, `[]`)
	})
	c := dial(t, server, func(cfg *Config) { cfg.CACertificates = ca })
	if _, err := c.Instances(t.Context()); err != nil {
		t.Fatal(err)
	}
	if protocol.Load() != "HTTP/2.0" {
		t.Errorf("protocol is %s", protocol.Load())
	}
}

func TestUntrustedCertificateIsFinal(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(hang))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	begun := time.Now()
	err := dial(t, server).tell(t.Context(), request{kind: once, method: "POST", path: []string{"databases"}})
	expectError(t, err, "no answer to POST /v1alpha1/acme/databases", "certificate")
	if OutcomeUnknown(err) || time.Since(begun) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
}

func TestBadRoots(t *testing.T) {
	t.Parallel()
	_, err := New(Config{CACertificates: []byte("not a certificate")})
	expectError(t, err, "the extra CA certificates hold no certificate in PEM form")
}

func TestBadEndpoints(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"http://cloud.dbos.dev", "cloud.dbos.dev", "https://me:secret-word@cloud.dbos.dev"} {
		_, err := New(Config{Endpoint: endpoint})
		expectError(t, err, "endpoint")
		if strings.Contains(err.Error(), "secret-word") {
			t.Errorf("the password is in the error: %v", err)
		}
	}
}

func TestEndpointForms(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.Path)
		say(w, 200, `[]`)
	})
	for suffix, want := range map[string]string{
		"":           "/v1alpha1/acme/databases",
		"/":          "/v1alpha1/acme/databases",
		"/behind/a/": "/behind/a/v1alpha1/acme/databases",
	} {
		c := dial(t, server, func(cfg *Config) { cfg.Endpoint += suffix })
		if _, err := c.listInstances(t.Context(), poll); err != nil || asked.Load() != want {
			t.Errorf("%q asks for %s, %v", suffix, asked.Load(), err)
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, 200, `[]`) }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := dial(t, server)
	const parallel = 40
	for range 5 {
		var all sync.WaitGroup
		for range parallel {
			all.Go(func() {
				if _, err := c.listInstances(t.Context(), poll); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if n := connections.Load(); n > 2*parallel {
		t.Errorf("%d connections for %d parallel calls", n, parallel)
	}
}

// The environment's proxy is read once a process, so that each case runs in a process of its own.
func TestProxy(t *testing.T) {
	t.Parallel()
	if proxy := os.Getenv("TEST_CLOUD_PROXY"); proxy != "" {
		c, err := New(Config{Endpoint: "https://cloud.behind.test", Organization: "acme", Login: Login{Token: testToken}, RetryTimeout: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.FreshInstance(t.Context(), "pg_main")
		_, _ = io.WriteString(os.Stdout, "error: "+err.Error()+"\n")
		return
	}
	for name, test := range map[string]struct{ proxy, connect, want string }{
		"refuses":    {"http://me:secret-word@PROXY", "CONNECT cloud.behind.test:443", "the proxy PROXY answered 407 Proxy Authentication Required"},
		"is missing": {"http://me:secret-word@127.0.0.1:1", "", "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var connect atomic.Value
			connect.Store("")
			proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
				connect.Store(r.Method + " " + r.Host)
				w.WriteHeader(http.StatusProxyAuthRequired)
			})
			fill := strings.NewReplacer("PROXY", strings.TrimPrefix(proxy.URL, "http://"))
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxy$")
			child.Env = append(os.Environ(), "TEST_CLOUD_PROXY=1", "HTTPS_PROXY="+fill.Replace(test.proxy), "NO_PROXY=", "no_proxy=", "https_proxy=")
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if want := fill.Replace(test.want); !strings.Contains(string(out), want) || connect.Load() != test.connect {
				t.Errorf("proxy saw %q, want %q in the output:\n%s", connect.Load(), want, out)
			}
			if strings.Contains(string(out), "secret-word") {
				t.Errorf("the proxy's password is in the output:\n%s", out)
			}
		})
	}
}
