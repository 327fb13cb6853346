// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// TestFaultCommands adds, lists and clears faults of a running local cloud.
func TestFaultCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := localcloud.Start(t.Context(), localcloud.Options{Backend: "simulated", StateDir: dir, TLS: true, TokenLifetime: -time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	fault := func(args ...string) (string, error) {
		var output bytes.Buffer
		err := run(t.Context(), append([]string{"fault", args[0], "--state-dir", dir}, args[1:]...), &output, io.Discard)
		return output.String(), err
	}
	// All its tokens are expired, and the error says so.
	if _, err := fault("list"); err == nil || !strings.Contains(err.Error(), "the token is expired") {
		t.Errorf("with an expired token: %v", err)
	}
	server, err = restarted(server, localcloud.Options{Backend: "simulated", StateDir: dir, TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct{ args, output, fault string }{
		{"list", "", ""},
		{"add --method post --path databases/* --times 1 --status 429 --header X-C=3 --header Retry-After=5 --header X-A=1 --header X-B=2 --body later", "1\n", ""},
		{"add --latency 20ms --lose --skip 2", "2\n", ""},
		{"list", "1: 0 hits: --method POST --path databases/* --times 1 --status 429 --header Retry-After=5 --header X-A=1 --header X-B=2 --header X-C=3 --body \"later\"\n2: 0 hits: --skip 2 --latency 20ms --lose\n", ""},
		{"clear 1", "", ""},
		{"clear 1", "", "fault 1 not found"},
		{"clear 1/../2", "", "fault 1/../2 not found"},
		{"list", "2: 0 hits: --skip 2 --latency 20ms --lose\n", ""},
		{"clear", "", ""},
		{"list", "", ""},
		{"add", "", "a fault needs one of drop, lose, hang, status, alter, latency, jitter, trickle and unseen"},
		{"add --for 1m0s --chance 0.5 --rate 20 --jitter 1s --trickle 1ms --status 503 --retry-after 5s --retry-date --after", "3\n", ""},
		{"add --alter omit --unseen 2s", "4\n", ""},
		{"list", "3: 0 hits: --for 1m0s --chance 0.5 --rate 20 --jitter 1s --trickle 1ms --status 503 --retry-after 5s --retry-date --after\n4: 0 hits: --alter omit --unseen 2s\n", ""},
	}
	for _, step := range steps {
		output, err := fault(strings.Fields(step.args)...)
		if output != step.output {
			t.Errorf("fault %s prints %q", step.args, output)
		}
		if step.fault == "" && err != nil || step.fault != "" && (err == nil || !strings.Contains(err.Error(), step.fault)) {
			t.Errorf("fault %s: %v", step.args, err)
		}
	}
}

// TestFaultNeedsALocalCloud sets the environment, so it does not run in parallel.
func TestFaultNeedsALocalCloud(t *testing.T) {
	t.Setenv("DBOS_ENDPOINT", "")
	err := run(t.Context(), []string{"fault", "list"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no local cloud is given") {
		t.Error(err)
	}
}

// TestFaultByEnvironment sets the environment, so it does not run in parallel.
func TestFaultByEnvironment(t *testing.T) {
	server, err := localcloud.Start(t.Context(), localcloud.Options{Backend: "simulated", StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("DBOS_ENDPOINT", server.Connection().Endpoint+"/")
	t.Setenv("DBOS_TOKEN", "")
	t.Setenv("DBOS_REFRESH_TOKEN", server.Connection().RefreshToken)
	t.Setenv("DBOS_CA_CERTIFICATE_FILE", "")
	var output bytes.Buffer
	if err := run(t.Context(), []string{"fault", "add", "--drop"}, &output, io.Discard); err != nil || output.String() != "1\n" {
		t.Errorf("%q %v", output.String(), err)
	}
}
