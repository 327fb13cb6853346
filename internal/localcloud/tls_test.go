// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localcloud

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

func overTLS(o *Options) { o.TLS = true }

// trusting is a client that trusts the CA of a local cloud and no other.
func trusting(t *testing.T, s *Server) *http.Client {
	t.Helper()
	ca, err := os.ReadFile(s.connection.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatalf("no certificate: %s", ca)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func getProfile(t *testing.T, s *Server, client *http.Client, host string) (*http.Response, error) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+net.JoinHostPort(host, port)+"/v1alpha1/user/profile", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.connection.Token)
	return client.Do(r)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := start(t, overTLS)
	client := trusting(t, s)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		resp, err := getProfile(t, s, client, host)
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := read(t, resp); status != 200 || resp.ProtoMajor != 1 {
			t.Errorf("%s: %s %d %s", host, resp.Proto, status, answer)
		}
	}
	if resp, err := getProfile(t, s, http.DefaultClient, "127.0.0.1"); err == nil {
		_ = resp.Body.Close()
		t.Error("a client that does not trust the CA is content")
	}
	if !strings.HasPrefix(s.connection.Endpoint, "https://127.0.0.1:") || s.connection.AuthEndpoint != s.connection.Endpoint {
		t.Errorf("the connection is %+v", s.connection)
	}

	// The CA stays the same after a restart, and differs from that of another local cloud.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, overTLS, in(s.options.StateDir))
	resp, err := getProfile(t, s, client, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	if resp, err := getProfile(t, start(t, overTLS), client, "127.0.0.1"); err == nil {
		_ = resp.Body.Close()
		t.Error("the CA of one cloud vouches for another")
	}
}

func TestFaultsOverTLS(t *testing.T) {
	t.Parallel()
	s := start(t, overTLS)
	client := trusting(t, s)
	s.Inject(Fault{Times: 1, Drop: true, Path: "user/profile", Method: "GET"})
	// Go's client repeats a read by itself only on a connection that served before.
	if resp, err := getProfile(t, s, client, "127.0.0.1"); err == nil {
		_ = resp.Body.Close()
		t.Error("the connection is not broken")
	}
}

func TestDamagedAuthority(t *testing.T) {
	t.Parallel()
	s := start(t, overTLS)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.dir.file(caKeyFile), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Start(t.Context(), s.options)
	if err == nil {
		_ = again.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "ca.pem or ca-key.pem in the state directory is damaged") {
		t.Errorf("%v", err)
	}
}
