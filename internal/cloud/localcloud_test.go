// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud_test

import (
	archivezip "archive/zip"
	"bytes"
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// localCloud is a client of its own local cloud. Application shop runs its first version there on instance db1, and
// there is an instance db2.
func localCloud(t *testing.T) (client *cloud.Client, server *localcloud.Server, first string) {
	t.Helper()
	ctx := limited(t)
	server, err := localcloud.Start(ctx, localcloud.Options{
		Backend: "simulated", ProvisionTime: time.Millisecond, StateDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	at := server.Connection()
	client = newTestClient(t, cloud.Config{
		Endpoint: at.Endpoint, AuthEndpoint: at.AuthEndpoint, RetryTimeout: time.Minute,
		Login: cloud.Login{Token: at.Token, RefreshToken: at.RefreshToken},
	})
	for _, name := range []string{"db1", "db2"} {
		if _, err := client.CreateInstance(ctx, cloud.NewInstance{Name: name, Username: "ada", Password: "long-enough"}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.WaitInstance(ctx, name, cloud.Created); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.RegisterApplication(ctx, cloud.NewApplication{Name: "shop", Instance: "db1", Language: "node"}); err != nil {
		t.Fatal(err)
	}
	first, err = client.Deploy(ctx, "shop", application1(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.WaitApplication(ctx, "shop", cloud.Rollout{Version: first}); err != nil {
		t.Fatal(err)
	}
	return client, server, first
}

// application1 is the smallest application that can be deployed.
func application1(t *testing.T) *zip {
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
	type call func(ctx context.Context, c *cloud.Client, first string) (version string, err error)
	for name, test := range map[string]struct {
		method, path string
		call         call
		instance     string
		versions     int // made by it
	}{
		"deploy": {http.MethodPost, "applications/shop", func(ctx context.Context, c *cloud.Client, _ string) (string, error) {
			return c.Deploy(ctx, "shop", application1(t))
		}, "db1", 1},
		"deploy of a version": {http.MethodPost, "applications/shop", func(ctx context.Context, c *cloud.Client, first string) (string, error) {
			return c.DeployVersion(ctx, "shop", first)
		}, "db1", 0},
		"change of instance": {http.MethodPost, "applications/shop/changedbinstance", func(ctx context.Context, c *cloud.Client, first string) (string, error) {
			return c.ChangeInstance(ctx, "shop", "db2", first)
		}, "db2", 0},
	} {
		for what, fault := range localFaults {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				client, server, first := localCloud(t)
				ctx := limited(t)
				fault.Method, fault.Path, fault.Times = test.method, test.path, 1
				server.Inject(fault)
				version, err := test.call(ctx, client, first)
				if err != nil {
					t.Fatal(err)
				}
				app, err := client.WaitApplication(ctx, "shop", cloud.Rollout{Version: version, Replaces: first, Instance: test.instance, Leaves: "db1"})
				if err != nil {
					t.Fatal(err)
				}
				list, err := client.ApplicationVersions(ctx, "shop")
				if err != nil || len(list) != 1+test.versions || app.Version != version {
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
			client, server, _ := localCloud(t)
			ctx := limited(t)
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
			registered, err := client.RegisterApplication(ctx, cloud.NewApplication{Name: "bank", Instance: "db2", Language: "go"})
			must(err)
			if app, err := client.FreshApplication(ctx, "bank"); err != nil || registered == nil || app.ID != registered.ID || app.Instance != "db2" {
				t.Errorf("%+v, %v; registered was %+v", app, err, registered)
			}

			inject(http.MethodPost, "applications/secrets")
			must(client.SetSecret(ctx, "bank", "API_KEY", "value"))
			if names, err := client.Secrets(ctx, "bank"); err != nil || !slices.Equal(names, []string{"API_KEY"}) {
				t.Errorf("%q, %v", names, err)
			}
			inject(http.MethodDelete, "applications/bank/secrets/API_KEY")
			must(client.DeleteSecret(ctx, "bank", "API_KEY"))
			if names, err := client.Secrets(ctx, "bank"); err != nil || len(names) != 0 {
				t.Errorf("%q, %v", names, err)
			}

			inject(http.MethodPatch, "applications/bank")
			memory := int64(2048)
			must(client.UpdateApplication(ctx, "bank", cloud.ApplicationUpdate{MemoryMiB: &memory}))

			inject(http.MethodDelete, "applications/bank")
			must(client.DeleteApplication(ctx, "bank", false))
			must(client.WaitApplicationGone(ctx, "bank"))
			if apps, err := client.Applications(ctx); err != nil || len(apps) != 1 || apps[0].Name != "shop" {
				t.Errorf("%+v, %v", apps, err)
			}
		})
	}
}
