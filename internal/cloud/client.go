// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// Config is what a [Client] is made of. The zero value of each field is usable.
type Config struct {
	Endpoint       string        // base URL without /v1alpha1; "" is DefaultEndpoint
	AuthEndpoint   string        // where refresh tokens are exchanged; "" is by host of the API, a loopback endpoint itself
	Organization   string        // "" is the login's, else the profile's, asked for once
	Login          Login         // who the client is
	CACertificates []byte        // roots beside the system's, PEM
	UserAgent      string        // of every request
	RequestTimeout time.Duration // how long the headers of an answer may take; 0 is 60 s
	RetryTimeout   time.Duration // bounds the repeats of one call; 0 is 2 min
	Logger         *slog.Logger  // nil discards; called with the context of the call
	Timing         Timing        // zero is the product's own
}

// Client speaks to one DBOS Cloud as one login.
type Client struct {
	base           string // up to and including /v1alpha1
	http           *http.Client
	userAgent      string
	requestTimeout time.Duration
	retryTimeout   time.Duration
	log            *slog.Logger
	timing         Timing

	organization      remembered[string]
	created           creations
	instances         *snapshot[Instance]
	instanceWaits     *poller[Instance]
	applications      *snapshot[Application]
	applicationWaits  *poller[Application]
	applicationWrites queues
	secretsMu         sync.Mutex
	secrets           map[string]*snapshot[string] // by application
}

// New makes a client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	cfg.Endpoint = cmp.Or(cfg.Endpoint, DefaultEndpoint)
	if err := CheckEndpoint(cfg.Endpoint); err != nil {
		return nil, err
	}
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, 60*time.Second)
	transport, err := network.New(cfg.CACertificates, cfg.RequestTimeout)
	if err != nil {
		return nil, err
	}
	return newClient(cfg, transport)
}

// newClient makes a client over a network of its own, which tests replace.
func newClient(cfg Config, transport http.RoundTripper) (*Client, error) {
	c := &Client{
		base:           strings.TrimRight(cmp.Or(cfg.Endpoint, DefaultEndpoint), "/") + "/v1alpha1",
		userAgent:      cmp.Or(cfg.UserAgent, "terraform-provider-dbos"),
		requestTimeout: cmp.Or(cfg.RequestTimeout, 60*time.Second),
		retryTimeout:   cmp.Or(cfg.RetryTimeout, 2*time.Minute),
		log:            redact.Logger(cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))),
		timing:         cfg.Timing.withDefaults(),
		secrets:        map[string]*snapshot[string]{},
	}
	c.organization.value = cmp.Or(cfg.Organization, cfg.Login.Organization)
	exchange := &exchange{next: transport, timeout: c.requestTimeout, log: c.log}
	authorized, err := login.NewTransport(login.Config{
		Login: cfg.Login, Endpoint: cfg.Endpoint, AuthEndpoint: cfg.AuthEndpoint, UserAgent: cfg.UserAgent,
		RetryTimeout: cfg.RetryTimeout, Backoff: c.timing.Backoff, LongestBackoff: c.timing.LongestBackoff,
	}, exchange)
	if err != nil {
		return nil, err
	}
	c.http = &http.Client{Transport: authorized, CheckRedirect: followSameHost}
	c.instances = newSnapshot(c.instanceKind(), c.timing)
	c.instanceWaits = newPoller(c.instanceKind(), c.timing, c.log)
	c.applications = newSnapshot(c.applicationKind(), c.timing)
	c.applicationWaits = newPoller(c.applicationKind(), c.timing, c.log)
	return c, nil
}

// followSameHost follows a redirect only where the token may go and where the call stays what it was.
func followSameHost(next *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) < 5 && next.Method == first.Method && next.URL.Scheme == first.URL.Scheme &&
		strings.EqualFold(next.URL.Host, first.URL.Host) && next.URL.User == nil {
		return nil
	}
	return http.ErrUseLastResponse
}
