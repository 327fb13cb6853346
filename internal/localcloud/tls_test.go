// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package localcloud

import (
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

	// Whoever trusts the CA trusts it after a restart, and no other cloud's.
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

// What the state directory holds is its owner's alone.
func TestPermissions(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "state")
	s := start(t, in(dir))
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	deployed(t, s, "shop", appFiles{})
	restart(t, s, overTLS)
	seen := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		seen++
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s is %o", path, got)
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d files and folders: %v", seen, err)
	}
}

// A child that is being started has a copy of every open file for a moment.
func TestLockGoesThoughAnotherHoldsTheFile(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d, err := openStateDir(path, false)
	if err != nil {
		t.Fatal(err)
	}
	held, err := syscall.Dup(int(d.lock.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(held) })
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openStateDir(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}

func TestPassageForServersOfAnotherUser(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	d, err := openStateDir(path, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	for folder, want := range map[string]fs.FileMode{path: 0o711, d.file("instances"): 0o711, d.file("archives"): 0o700, d.file(".dbos"): 0o700} {
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s is %v: %v", folder, info.Mode(), err)
		}
	}
}
