// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// Timing holds the pauses of a client, see [api.Timing].
type Timing = api.Timing

// Config configures a [Client]. Every field may be zero.
type Config struct {
	Endpoint       string        // base URL without /v1alpha1; "" is DefaultEndpoint
	AuthEndpoint   string        // where refresh tokens are exchanged; "" follows from Endpoint; a loopback endpoint is its own
	Organization   string        // "" is the login's, else the profile's, asked for once
	Login          Login         // who the client is
	CACertificates []byte        // roots beside the system's, PEM
	UserAgent      string        // of every request
	RequestTimeout time.Duration // how long the headers of an answer may take; 0 is 60 s
	RetryTimeout   time.Duration // bounds the repeats of one call; 0 is 2 min
	Logger         *slog.Logger  // nil discards; called with the context of the call
	Timing         Timing        // zero is the product's own

	Transport http.RoundTripper // nil is the network; tests replace it
}

// Client is a client of one DBOS Cloud with one login.
type Client struct {
	api          *api.Client
	retryTimeout time.Duration
	log          *slog.Logger
	timing       Timing

	organization      remembered[string]
	created           recentCreates
	instances         *cache[Instance]
	instanceWaits     *poller[Instance]
	applications      *cache[Application]
	applicationWaits  *poller[Application]
	applicationWrites queues
	secretsMu         sync.Mutex
	secrets           map[string]*cache[string] // by application
}

// New makes a client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	c := &Client{
		retryTimeout: cmp.Or(cfg.RetryTimeout, 2*time.Minute),
		log:          redact.Logger(cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))),
		timing:       cfg.Timing.WithDefaults(),
		secrets:      map[string]*cache[string]{},
	}
	c.organization.value = cmp.Or(cfg.Organization, cfg.Login.Organization)
	caller, err := api.New(api.Config{
		Endpoint: cfg.Endpoint, AuthEndpoint: cfg.AuthEndpoint, Login: cfg.Login, CACertificates: cfg.CACertificates,
		UserAgent: cmp.Or(cfg.UserAgent, "terraform-provider-dbos"), RequestTimeout: cfg.RequestTimeout, RetryTimeout: c.retryTimeout,
		Logger: c.log, Timing: c.timing, Transport: cfg.Transport, Organization: c.Organization, IsNew: c.justCreated,
	})
	if err != nil {
		return nil, err
	}
	c.api = caller
	c.instances = newCache(c.instanceReader(), c.timing)
	c.instanceWaits = newPoller(c.instanceReader(), c.timing, c.log)
	c.applications = newCache(c.applicationReader(), c.timing)
	c.applicationWaits = newPoller(c.applicationReader(), c.timing, c.log)
	return c, nil
}
