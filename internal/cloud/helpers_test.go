// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"net/http"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// wired makes a client on a wire to the handler.
func wired(t *testing.T, handler http.HandlerFunc, change ...func(*Config)) (*Client, *wiretest.Wire) {
	t.Helper()
	w := wiretest.New(handler)
	cfg := testConfig(change...)
	cfg.Transport = w
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

// scripted makes a client on a wire to a service that plays a script.
func scripted(t *testing.T, script wiretest.Script) (*Client, *wiretest.Wire) {
	t.Helper()
	return wired(t, script.Handler(t))
}

// dial makes a client of a real server.
func dial(t *testing.T, endpoint string, change ...func(*Config)) *Client {
	t.Helper()
	cfg := testConfig(append([]func(*Config){func(cfg *Config) { cfg.Endpoint = endpoint }}, change...)...)
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// testConfig is the configuration of a client of the organization acme.
func testConfig(change ...func(*Config)) Config {
	cfg := Config{Organization: "acme", Login: Login{Token: wiretest.Token}}
	for _, c := range change {
		c(&cfg)
	}
	return cfg
}

// deploy deploys an archive to application shop.
func deploy(ctx context.Context, c *Client, archive Archive) (version string, err error) {
	return withDeployer(ctx, c, func(d *Deployer) (string, error) { return d.Deploy(ctx, archive) })
}

// deployVersion deploys a version of application shop again.
func deployVersion(ctx context.Context, c *Client, previous string) (version string, err error) {
	return withDeployer(ctx, c, func(d *Deployer) (string, error) { return d.DeployVersion(ctx, previous) })
}

// changeInstance moves application shop.
func changeInstance(ctx context.Context, c *Client, target, previous string) (version string, err error) {
	return withDeployer(ctx, c, func(d *Deployer) (string, error) { return d.ChangeInstance(ctx, target, previous) })
}

func withDeployer(ctx context.Context, c *Client, do func(*Deployer) (string, error)) (version string, err error) {
	d, err := c.NewDeployer(ctx, "shop")
	if err != nil {
		return "", err
	}
	defer d.Close()
	return do(d)
}
