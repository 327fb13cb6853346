// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package acctest gives each acceptance test a local cloud of its own and a provider that talks to it. So tests run in
// parallel, and they ask the server what an apply has done, not only Terraform's state.
package acctest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

// Timing is shorter than the product's, since a test's instance is ready in tenths of a second.
var Timing = cloud.Timing{
	Poll:           20 * time.Millisecond,
	LongestPoll:    200 * time.Millisecond,
	Settled:        300 * time.Millisecond,
	Backoff:        20 * time.Millisecond,
	LongestBackoff: 200 * time.Millisecond,
}

// Cloud is the local cloud of one test.
type Cloud struct {
	*localcloud.Server
	client *http.Client
	memory *memory // of a cloud that is InMemory
}

// An Option changes the local cloud before it starts.
type Option func(*localcloud.Options)

// Postgres provisions real servers instead of simulated ones. Windows runs none, so the test is skipped there.
func Postgres(o *localcloud.Options) { o.Backend = "postgres" }

// LegacyNames makes the cloud accept names that only older objects may have, such as names with hyphens.
func LegacyNames(o *localcloud.Options) { o.LegacyNames = true }

// LegacyRecords makes the cloud answer database instances as older servers do. Among others, such an answer does not say
// whether an instance is linked.
func LegacyRecords(o *localcloud.Options) { o.LegacyRecords = true }

// TLS makes the cloud speak HTTPS, with a certificate of its own CA.
func TLS(o *localcloud.Options) { o.TLS = true }

// TokenLifetime sets how long an access token is valid.
func TokenLifetime(d time.Duration) Option {
	return func(o *localcloud.Options) { o.TokenLifetime = d }
}

// Organization sets the organization that the cloud belongs to.
func Organization(name string) Option {
	return func(o *localcloud.Options) { o.Organization = name }
}

// ProvisionTime sets how long the creation of an instance takes at least.
func ProvisionTime(d time.Duration) Option {
	return func(o *localcloud.Options) { o.ProvisionTime = d }
}

// Start starts a local cloud that ends with the test. Its log is shown if the test fails.
func Start(t testing.TB, options ...Option) *Cloud {
	t.Helper()
	var log bytes.Buffer
	o := localcloud.Options{Backend: "simulated", StateDir: t.TempDir(), ProvisionTime: 50 * time.Millisecond, Log: &log}
	for _, option := range options {
		option(&o)
	}
	if o.Backend == "postgres" && runtime.GOOS == "windows" {
		t.Skip("the local cloud runs no PostgreSQL servers on Windows")
	}
	server, err := localcloud.Start(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatalf("start the local cloud: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("stop the local cloud: %v", err)
		}
		if t.Failed() {
			t.Logf("log of the local cloud:\n%s", log.String())
		}
	})
	c := &Cloud{Server: server, client: http.DefaultClient}
	if file := server.Connection().CAFile; file != "" {
		c.client = trusting(t, file)
	}
	if memory, ok := o.Listener.(*memory); ok {
		c.memory = memory
		c.client = &http.Client{Transport: c.Transport(t)}
	}
	return c
}

func trusting(t testing.TB, caFile string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
}

// Environment is what the provider needs to reach this cloud.
func (c *Cloud) Environment() map[string]string {
	connection := c.Connection()
	return map[string]string{
		"DBOS_ENDPOINT":            connection.Endpoint,
		"DBOS_TOKEN":               connection.Token,
		"DBOS_CA_CERTIFICATE_FILE": connection.CAFile,
	}
}

// Variables are the environment as a process takes it.
func (c *Cloud) Variables() []string {
	var variables []string
	for name, value := range c.Environment() {
		variables = append(variables, name+"="+value)
	}
	return variables
}

// Providers are the provider factories of a test against this cloud. An empty provider block is enough.
func (c *Cloud) Providers() map[string]func() (tfprotov6.ProviderServer, error) {
	return Providers(c.Environment())
}

// Providers are provider factories with an environment.
func Providers(environment map[string]string) map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"dbos": providerserver.NewProtocol6WithError(provider.NewWithOptions(provider.Options{
			Version: "test",
			Getenv:  func(name string) string { return environment[name] },
			Timing:  Timing,
		})()),
	}
}

// Call asks the control plane as somebody would behind Terraform's back. The path is below the organization; body and
// answer are JSON, and nil for none. It returns the status.
func (c *Cloud) Call(t testing.TB, method, path string, body, answer any) int {
	t.Helper()
	connection := c.Connection()
	var payload io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		payload = bytes.NewReader(encoded)
	}
	url := connection.Endpoint + "/v1alpha1/" + connection.Organization + "/" + strings.TrimPrefix(path, "/")
	req, err := http.NewRequestWithContext(t.Context(), method, url, payload)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+connection.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if answer != nil {
		if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return resp.StatusCode
}

// Provision makes an instance by hand and waits until it is available.
func (c *Cloud) Provision(t testing.TB, name, username, password string) {
	t.Helper()
	body := map[string]string{"Name": name, "AdminName": username, "AdminPassword": password}
	if status := c.Call(t, http.MethodPost, "databases/userdb", body, nil); status/100 != 2 {
		t.Fatalf("provision %s by hand: status %d", name, status)
	}
	Await(t, name+" is available", func() bool {
		var instance struct{ Status string }
		c.Call(t, http.MethodGet, "databases/userdb/info/"+name, nil, &instance)
		return instance.Status == "available"
	})
}

// AwaitGone waits until the control plane does not know the instance.
func (c *Cloud) AwaitGone(t testing.TB, name string) {
	t.Helper()
	Await(t, name+" is gone", func() bool {
		return c.Call(t, http.MethodGet, "databases/userdb/info/"+name, nil, nil) == http.StatusNotFound
	})
}

// Register registers an application by hand.
func (c *Cloud) Register(t testing.TB, name, instance string) {
	t.Helper()
	body := map[string]string{"name": name, "database": instance, "language": "node", "provenancedb": ""}
	if status := c.Call(t, http.MethodPut, "applications", body, nil); status/100 != 2 {
		t.Fatalf("register %s by hand: status %d", name, status)
	}
}

// Await waits until a condition holds.
func Await(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("gave up waiting until %s", what)
		}
	}
}
