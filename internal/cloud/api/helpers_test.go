// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// testConfig is the configuration of a client of the organization acme.
func testConfig(change ...func(*Config)) Config {
	cfg := Config{
		Login: login.Login{Token: wiretest.Token}, RetryTimeout: 2 * time.Minute, Logger: slog.New(slog.DiscardHandler),
		Organization: func(context.Context) (string, error) { return "acme", nil },
		IsNew:        func(Object) bool { return false },
	}
	for _, c := range change {
		c(&cfg)
	}
	cfg.Logger, cfg.Timing = redact.Logger(cfg.Logger), cfg.Timing.WithDefaults()
	return cfg
}

// wired makes a client on a wire to the handler.
func wired(t *testing.T, handler http.HandlerFunc, change ...func(*Config)) (*Client, *wiretest.Wire) {
	t.Helper()
	w := wiretest.New(handler)
	return over(t, w, change...), w
}

// over makes a client on a network.
func over(t *testing.T, network http.RoundTripper, change ...func(*Config)) *Client {
	t.Helper()
	cfg := testConfig(change...)
	cfg.Transport = network
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dial makes a client of a real server.
func dial(t *testing.T, server *httptest.Server, change ...func(*Config)) *Client {
	t.Helper()
	cfg := testConfig(append([]func(*Config){func(cfg *Config) { cfg.Endpoint = server.URL }}, change...)...)
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// read reads the instance pg_main.
func read(ctx context.Context, c *Client, kind Kind) error { return readOf(ctx, c, kind, "pg_main") }

func readOf(ctx context.Context, c *Client, kind Kind, name string) error {
	_, err := Do[instance](ctx, c, Request{
		Kind: kind, Method: "GET", Path: []string{"databases", "userdb", "info", name}, Object: Object{"database instance", name},
	})
	return err
}

// instance is a record whose Check can fail.
type instance struct {
	PostgresInstanceName string
	Port                 int64
}

func (i instance) Check() error {
	if i.PostgresInstanceName == "" {
		return errors.New("there is no PostgresInstanceName")
	}
	return nil
}

// list reads all instances.
func list(ctx context.Context, c *Client, kind Kind) error {
	_, err := Do[[]instance](ctx, c, Request{Kind: kind, Method: "GET", Path: []string{"databases"}})
	return err
}

// setPassword makes a write that may be repeated and whose body holds a secret.
func setPassword(ctx context.Context, c *Client, password string) error {
	return c.Send(ctx, Request{
		Kind: IdempotentWrite, Method: "POST", Path: []string{"databases", "userdb", "pg_main", "credentials"},
		Object: Object{"database instance", "pg_main"}, Body: struct{ Password string }{password}, Secrets: []string{password},
	})
}
