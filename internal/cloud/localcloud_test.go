// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"os"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// startLocal starts a local cloud with simulated instances, and a client of it.
func startLocal(t *testing.T, change ...func(*localcloud.Options)) (*localcloud.Server, *Client) {
	t.Helper()
	options := localcloud.Options{Backend: "simulated", StateDir: t.TempDir(), ProvisionTime: 100 * time.Millisecond}
	for _, c := range change {
		c(&options)
	}
	server, err := localcloud.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, clientOf(t, server)
}

// clientOf makes a client with short pauses. It asks for its organization.
func clientOf(t *testing.T, server *localcloud.Server, change ...func(*Config)) *Client {
	t.Helper()
	connection := server.Connection()
	configure := func(cfg *Config) {
		cfg.Organization, cfg.AuthEndpoint = "", connection.AuthEndpoint
		cfg.Login = Login{Token: connection.Token, RefreshToken: connection.RefreshToken}
		cfg.RetryTimeout = 20 * time.Second
		cfg.Timing = Timing{
			Poll: 10 * time.Millisecond, LongestPoll: 50 * time.Millisecond, Settled: 50 * time.Millisecond,
			Backoff: 5 * time.Millisecond, LongestBackoff: 50 * time.Millisecond,
		}
		if connection.CAFile != "" {
			roots, err := os.ReadFile(connection.CAFile)
			if err != nil {
				t.Fatal(err)
			}
			cfg.CACertificates = roots
		}
	}
	return dial(t, connection.Endpoint, append([]func(*Config){configure}, change...)...)
}
