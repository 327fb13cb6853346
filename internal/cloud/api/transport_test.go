// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"encoding/pem"
	"fmt"
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

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
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
		wiretest.OK(`[]`)(w, r)
	})
	c := dial(t, server, func(cfg *Config) { cfg.CACertificates = ca })
	if err := list(t.Context(), c, Read); err != nil {
		t.Fatal(err)
	}
	if protocol.Load() != "HTTP/2.0" {
		t.Errorf("protocol is %s", protocol.Load())
	}
}

func TestUntrustedCertificateIsFinal(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(wiretest.Hang))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	begun := time.Now()
	err := dial(t, server).Send(t.Context(), Request{Kind: Write, Method: "POST", Path: []string{"databases"}})
	wiretest.ExpectError(t, err, "no answer to POST /v1alpha1/acme/databases", "certificate")
	if OutcomeUnknown(err) || time.Since(begun) > time.Minute {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
}

func TestBadRoots(t *testing.T) {
	t.Parallel()
	server, _ := serveTLS(t, wiretest.Hang)
	for name, roots := range map[string][]byte{
		"a text":        []byte("secret-word"),
		"a key":         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret-word")}),
		"a broken one":  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("secret-word")}),
		"a cut-off one": []byte("-----BEGIN CERTIFICATE-----\nc2VjcmV0LXdvcmQ=\n"),
		"binary form":   server.Certificate().Raw,
	} {
		if _, err := New(Config{CACertificates: roots}); err == nil || err.Error() != "the extra CA certificates hold no certificate in PEM form" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadEndpoints(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"http://cloud.dbos.dev", "cloud.dbos.dev", "https://me:secret-word@cloud.dbos.dev"} {
		_, err := New(Config{Endpoint: endpoint})
		wiretest.ExpectError(t, err, "endpoint")
		if strings.Contains(err.Error(), "secret-word") {
			t.Errorf("the password is in the error: %v", err)
		}
	}
}

func TestEndpointForms(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	server := wiretest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.Path)
		wiretest.OK(`[]`)(w, r)
	})
	for suffix, want := range map[string]string{
		"":           "/v1alpha1/acme/databases",
		"/":          "/v1alpha1/acme/databases",
		"/behind/a/": "/behind/a/v1alpha1/acme/databases",
	} {
		c := dial(t, server, func(cfg *Config) { cfg.Endpoint += suffix })
		if err := list(t.Context(), c, Poll); err != nil || asked.Load() != want {
			t.Errorf("%q asks for %s, %v", suffix, asked.Load(), err)
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(wiretest.OK(`[]`))
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
				if err := list(t.Context(), c, Poll); err != nil {
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

// proxyChild reads an instance and prints the result. Go reads the proxy of the environment once a process, so each
// case runs in its own process.
func proxyChild(endpoint string) {
	var logged wiretest.Journal
	c, err := New(testConfig(func(cfg *Config) {
		cfg.Endpoint, cfg.CACertificates = endpoint, []byte(os.Getenv("TEST_CLOUD_CA"))
		cfg.RetryTimeout, cfg.Logger = time.Millisecond, logged.Logger()
	}))
	if err == nil {
		err = read(context.Background(), c, Read)
	}
	fmt.Printf("error: %v\nlog: %s\n", err, logged.String())
}

// relay is a proxy that connects every tunnel to one server.
func relay(t *testing.T, server *httptest.Server, asked *atomic.Value) *httptest.Server {
	t.Helper()
	return wiretest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
		asked.Store(r.Method + " " + r.Host + " as " + user)
		if password != "secret-word" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = there.Close() }()
		w.WriteHeader(http.StatusOK)
		here, read, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = here.Close() }()
		go func() {
			_, _ = io.Copy(there, read) // What has come already, too.
			_ = there.Close()
		}()
		_, _ = io.Copy(here, there)
	})
}

func TestProxy(t *testing.T) {
	t.Parallel()
	if endpoint := os.Getenv("TEST_CLOUD_PROXY"); endpoint != "" {
		proxyChild(endpoint)
		return
	}
	server, ca := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "" {
			t.Error("the proxy's login reaches the server")
		}
		wiretest.Refuse(404, "database pg_main not found")(w, r)
	})
	const there = "https://example.com" // what the server's certificate is for
	const not = "no answer to GET /v1alpha1/acme/databases/userdb/info/pg_main: "
	for name, test := range map[string]struct{ endpoint, proxy, except, asked, want string }{
		"tunnels":      {there, "http://me:secret-word@RELAY", "", "CONNECT example.com:443 as me", `"database pg_main not found"`},
		"without http": {there, "me:secret-word@RELAY", "", "CONNECT example.com:443 as me", `"database pg_main not found"`},
		"refuses":      {there, "http://me:a-secret-word@RELAY", "", "CONNECT example.com:443 as me", "the proxy RELAY answered 407 Proxy Authentication Required"},
		"is missing":   {there, "http://me:secret-word@127.0.0.1:1", "", "", "refused"},
		// The server's certificate does not name this address.
		"is excepted":   {"https://0.0.0.0:PORT", "http://me:secret-word@RELAY", "0.0.0.0", "", "certificate is valid for"},
		"other is":      {there, "http://me:secret-word@RELAY", "example.org,.com.example", "CONNECT example.com:443 as me", `"database pg_main not found"`},
		"is this one":   {"https://localhost:PORT", "http://me:secret-word@RELAY", "", "", "certificate is"},
		"is no URL":     {there, "http://me:secret-word@[::1", "", "", not + "the proxy in the environment variable HTTPS_PROXY is not a URL; use a URL such as http://proxy.example.com:3128"},
		"bad port":      {there, "http://me:secret-word@RELAY0x", "", "", not + "the proxy in the environment variable HTTPS_PROXY is not a URL"},
		"of a kind":     {there, "ftp://me:secret-word@RELAY", "", "", not + "the proxy in the environment variable HTTPS_PROXY begins with neither http://, https:// nor socks5://"},
		"in no form":    {there, "http://me:secret-word@%zz", "", "", not + "the proxy in the environment variable HTTPS_PROXY is not a URL"},
		"no scheme":     {there, "me:secret-word@[::1", "", "", not + "the proxy in the environment variable HTTPS_PROXY begins with neither http://, https:// nor socks5://"},
		"ends early":    {there, "http://me:secret-word@", "", "", not + "the proxy in the environment variable HTTPS_PROXY is not a URL"},
		"has no host":   {there, "http://me:secret-word@:3128", "", "", not + "the proxy in the environment variable HTTPS_PROXY has no host"},
		"speaks no TLS": {there, "https://me:secret-word@RELAY", "", "", "does not look like a TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Value
			asked.Store("")
			proxy := relay(t, server, &asked)
			_, port, err := net.SplitHostPort(server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			fill := strings.NewReplacer("RELAY", strings.TrimPrefix(proxy.URL, "http://"), "PORT", port)
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxy$")
			child.Env = append(os.Environ(), "TEST_CLOUD_PROXY="+fill.Replace(test.endpoint), "TEST_CLOUD_CA="+string(ca),
				"no_proxy=", "https_proxy=", // First: to Windows, they are the same as the next two.
				"HTTPS_PROXY="+fill.Replace(test.proxy), "NO_PROXY="+test.except)
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if want := fill.Replace(test.want); !strings.Contains(string(out), want) || asked.Load() != test.asked {
				t.Errorf("proxy saw %q, want %q; want %q in the output:\n%s", asked.Load(), test.asked, want, out)
			}
			if strings.Contains(string(out), "secret-word") {
				t.Errorf("the proxy's password is in the output:\n%s", out)
			}
		})
	}
}
