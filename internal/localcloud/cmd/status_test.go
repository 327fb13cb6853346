// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

func TestStatusAndReset(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := localcloud.Start(t.Context(), localcloud.Options{Backend: "simulated", StateDir: dir, ProvisionTime: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	tell := func() string {
		t.Helper()
		var output bytes.Buffer
		if err := run(t.Context(), []string{"status", "--state-dir", dir}, &output, io.Discard); err != nil {
			t.Fatal(err)
		}
		return output.String()
	}
	cloud, err := connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"Name":"abc","AdminName":"alice","AdminPassword":"12345678"}`)
	if _, err := cloud.send(t.Context(), http.MethodPost, "/v1alpha1/local/databases/userdb", "application/json", body); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(tell(), "available") {
		if t.Context().Err() != nil {
			t.Fatal(tell())
		}
	}
	server.Inject(localcloud.Fault{Path: "databases", Lose: true})
	told := tell()
	for _, want := range []string{
		server.Connection().Endpoint + ", organization local, backend simulated\n", "Database instances: 1\n", "  abc  available  postgresql://alice@abc.simulated.invalid:5432/postgres",
		"Applications: 0\n", "Faults: 1\n", "1: 0 hits: --path databases --lose\n", "  200  POST  /v1alpha1/local/databases/userdb\n",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("there is no %q in\n%s", want, told)
		}
	}
	if strings.Contains(told, "12345678") {
		t.Errorf("a password is in\n%s", told)
	}
	var output bytes.Buffer
	if err := run(t.Context(), []string{"reset", "--state-dir", dir}, &output, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got, want := output.String(), "The local cloud at "+server.Connection().Endpoint+" is empty now. Deleted: 1 database instance, 0 applications, 1 fault, and the list of requests.\n"; got != want {
		t.Errorf("reset prints %q, want %q", got, want)
	}
	for _, want := range []string{"Database instances: 0\n", "Faults: 0\n", "Last requests: 0\n"} {
		if told := tell(); !strings.Contains(told, want) {
			t.Errorf("after the reset there is no %q in\n%s", want, told)
		}
	}
}

// Work that is under way may take longer than any other call.
func TestResetHasNoTimeLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := localcloud.Start(t.Context(), localcloud.Options{Backend: "simulated", StateDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	cloud, err := connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	cloud.http.Timeout = 1
	if err := cloud.reset(t.Context()); err != nil {
		t.Error(err)
	}
}
