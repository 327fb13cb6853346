// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	archivezip "archive/zip"
	"bytes"
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// startShop starts a local cloud where application shop runs its first version on instance db1. There is an instance
// db2, too.
func startShop(t *testing.T) (server *localcloud.Server, c *Client, first string) {
	t.Helper()
	server, c = startLocal(t, func(o *localcloud.Options) { o.ProvisionTime = time.Millisecond })
	ctx := t.Context()
	for _, name := range []string{"db1", "db2"} {
		if _, err := c.CreateInstance(ctx, NewInstance{Name: name, Username: "ada", Password: "long-enough"}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.WaitInstance(ctx, name, Created); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.RegisterApplication(ctx, NewApplication{Name: "shop", Instance: "db1", Language: "node"}); err != nil {
		t.Fatal(err)
	}
	return server, c, deploySmallest(t, c, "")
}

// deploySmallest deploys to application shop, and waits until the new version has replaced another.
func deploySmallest(t *testing.T, c *Client, replaces string) (version string) {
	t.Helper()
	version, err := deploy(t.Context(), c, smallest(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.WaitApplication(t.Context(), "shop", Rollout{Version: version, Replaces: replaces}); err != nil {
		t.Fatal(err)
	}
	return version
}

// smallest is the smallest application that can be deployed.
func smallest(t *testing.T) *zip {
	t.Helper()
	var b bytes.Buffer
	w := archivezip.NewWriter(&b)
	for name, content := range map[string]string{
		"dbos-config.yaml": "name: shop\nlanguage: node\n",
		"package.json":     "{}",
	} {
		file, err := w.Create(name)
		if err == nil {
			_, err = file.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive(b.String())
}

var localFaults = map[string]localcloud.Fault{
	"none":           {Latency: time.Nanosecond},
	"lost":           {Lose: true},
	"dropped":        {Drop: true},
	"502":            {Status: http.StatusBadGateway, Body: "<html>Bad Gateway</html>"},
	"502 afterwards": {Status: http.StatusBadGateway, Body: "<html>Bad Gateway</html>", After: true},
	"throttled":      {Status: http.StatusTooManyRequests, Body: `{"message":"slow down","statusCode":429,"requestID":"req-7"}`},
	"busy":           {Status: http.StatusConflict, Body: `{"message":"application is busy","statusCode":409,"requestID":"req-7"}`},
	"nothing":        {Status: http.StatusOK, After: true},
	"cut off":        {Status: http.StatusOK, Body: `{"Applicat`, After: true},
}

// TestOnceEachAgainstTheLocalCloud lets one fault hit each write that must be carried out exactly once.
func TestOnceEachAgainstTheLocalCloud(t *testing.T) {
	t.Parallel()
	type call func(ctx context.Context, c *Client, first string) (version string, err error)
	for name, test := range map[string]struct {
		method, path string
		call         call
		instance     string
		before       int // versions, of which the last runs
		after        int
	}{
		"deploy": {http.MethodPost, "applications/shop", func(ctx context.Context, c *Client, _ string) (string, error) {
			return deploy(ctx, c, smallest(t))
		}, "db1", 1, 2},
		"deploy of a version": {http.MethodPost, "applications/shop", func(ctx context.Context, c *Client, first string) (string, error) {
			return deployVersion(ctx, c, first)
		}, "db1", 2, 2},
		"change of instance": {http.MethodPost, "applications/shop/changedbinstance", func(ctx context.Context, c *Client, first string) (string, error) {
			return changeInstance(ctx, c, "db2", first)
		}, "db2", 1, 1},
	} {
		for what, fault := range localFaults {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				server, c, first := startShop(t)
				ctx := t.Context()
				running := first
				for range test.before - 1 {
					running = deploySmallest(t, c, running)
				}
				fault.Method, fault.Path, fault.Times = test.method, test.path, 1
				server.Inject(fault)
				version, err := test.call(ctx, c, first)
				if err != nil {
					t.Fatal(err)
				}
				app, err := c.WaitApplication(ctx, "shop", Rollout{Version: version, Replaces: running, Instance: test.instance, Leaves: "db1"})
				if err != nil {
					t.Fatal(err)
				}
				list, err := c.ApplicationVersions(ctx, "shop")
				if err != nil || len(list) != test.after || app.Version != version {
					t.Errorf("%+v with versions %+v, %v", app, list, err)
				}
			})
		}
	}
}

func TestOtherWritesAgainstTheLocalCloud(t *testing.T) {
	t.Parallel()
	for what, fault := range localFaults {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server, c, _ := startShop(t)
			ctx := t.Context()
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Error(err)
				}
			}
			inject := func(method, path string) {
				fault.Method, fault.Path, fault.Times = method, path, 1
				server.Inject(fault)
			}

			inject(http.MethodPut, "applications")
			registered, err := c.RegisterApplication(ctx, NewApplication{Name: "bank", Instance: "db2", Language: "go"})
			must(err)
			if app, err := c.FreshApplication(ctx, "bank"); err != nil || registered == nil || app.ID != registered.ID || app.Instance != "db2" {
				t.Errorf("%+v, %v; registered was %+v", app, err, registered)
			}

			inject(http.MethodPost, "applications/secrets")
			must(c.SetSecret(ctx, "bank", "API_KEY", "value"))
			if names, err := c.Secrets(ctx, "bank"); err != nil || !slices.Equal(names, []string{"API_KEY"}) {
				t.Errorf("%q, %v", names, err)
			}
			inject(http.MethodDelete, "applications/bank/secrets/API_KEY")
			must(c.DeleteSecret(ctx, "bank", "API_KEY"))
			if names, err := c.Secrets(ctx, "bank"); err != nil || len(names) != 0 {
				t.Errorf("%q, %v", names, err)
			}

			inject(http.MethodPatch, "applications/bank")
			memory := int64(2048)
			must(c.UpdateApplication(ctx, "bank", ApplicationUpdate{MemoryMiB: &memory}))

			inject(http.MethodDelete, "applications/bank")
			must(c.DeleteApplication(ctx, "bank", false))
			must(c.WaitApplicationGone(ctx, "bank"))
			if apps, err := c.Applications(ctx); err != nil || len(apps) != 1 || apps[0].Name != "shop" {
				t.Errorf("%+v, %v", apps, err)
			}
		})
	}
}
