// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// TestWithoutALocalCloud says what was asked where, and what to do. It sets the environment, so it does not run in
// parallel.
func TestWithoutALocalCloud(t *testing.T) {
	t.Setenv("DBOS_TOKEN", "token")
	t.Setenv("DBOS_REFRESH_TOKEN", "")
	t.Setenv("DBOS_CA_CERTIFICATE_FILE", "")
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusNotImplemented)
		}
		_, _ = io.WriteString(w, "<html>")
	}))
	t.Cleanup(page.Close)
	ended := httptest.NewServer(nil)
	ended.Close()
	empty := t.TempDir()
	const endpointAlone = "endpoint alone"
	for name, test := range map[string]struct{ endpoint, args, want string }{
		endpointAlone:  {page.URL, "status", "DBOS_ENDPOINT is set, but neither DBOS_TOKEN nor DBOS_REFRESH_TOKEN: "},
		"nowhere":      {"", "status", `no local cloud is given: use --state-dir, or set the environment variables that "dbos-localcloud up" printed`},
		"empty folder": {"", "reset --state-dir " + empty, "no local cloud was ever started in " + empty + `; "dbos-localcloud up --state-dir ` + empty + `" starts one`},
		"ended":        {ended.URL, "status", "no local cloud answers at " + ended.URL + `; start it with "dbos-localcloud up": dial tcp `},
		"a page":       {page.URL, "status", page.URL + " is no local cloud: it answers /localcloud/status with something other than JSON: "},
		"a refusal":    {page.URL, "fault clear", page.URL + " is no local cloud: it answers 501 Not Implemented to DELETE /localcloud/faults"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DBOS_ENDPOINT", test.endpoint)
			if name == endpointAlone {
				t.Setenv("DBOS_TOKEN", "")
			}
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || stdout.Len()+stderr.Len() > 0 {
				t.Errorf("%v, want %s; it also prints %q", err, test.want, stdout.String()+stderr.String())
			}
		})
	}
}

// TestFoldersBelowHome gives ~ where no shell expands it. It sets the environment, so it does not run in parallel.
func TestFoldersBelowHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // Windows' name for it.
	server, err := localcloud.Start(t.Context(), localcloud.Options{Backend: "simulated", StateDir: filepath.Join(home, "cloud"), TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := run(t.Context(), []string{"status", "--state-dir=~/cloud"}, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	in, err := filepath.Rel(home, server.Connection().CAFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBOS_ENDPOINT", server.Connection().Endpoint)
	t.Setenv("DBOS_TOKEN", server.Connection().Token)
	t.Setenv("DBOS_CA_CERTIFICATE_FILE", "~/"+filepath.ToSlash(in))
	if err := run(t.Context(), []string{"status"}, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	err = run(t.Context(), []string{"up", "--backend", "simulated", "--state-dir=~/cloud"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(home, "cloud")+" is in use") {
		t.Error(err)
	}
}
