// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
)

// Config says how a [Client] makes calls.
type Config struct {
	Endpoint       string        // base URL without /v1alpha1; "" is login.DefaultEndpoint
	AuthEndpoint   string        // where refresh tokens are exchanged, see [login.Config]
	Login          login.Login   // who the client is
	CACertificates []byte        // roots beside the system's, PEM
	UserAgent      string        // of every request
	RequestTimeout time.Duration // how long the headers of an answer may take; 0 is 60 s
	RetryTimeout   time.Duration // bounds the repeats of one call
	Logger         *slog.Logger  // called with the context of the call
	Timing         Timing        // complete, see [Timing.WithDefaults]

	Transport    http.RoundTripper                     // nil is the network; tests replace it
	Organization func(context.Context) (string, error) // of the calls that are not global
	IsNew        func(Object) bool                     // whether an object is so new that its record may not be visible yet
}

// Client makes calls. It is safe for concurrent use.
type Client struct {
	base         string // up to and including /v1alpha1
	http         *http.Client
	userAgent    string
	retryTimeout time.Duration
	log          *slog.Logger
	timing       Timing
	organization func(context.Context) (string, error)
	isNew        func(Object) bool
}

// New makes a client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	cfg.Endpoint = cmp.Or(cfg.Endpoint, login.DefaultEndpoint)
	if err := login.CheckEndpoint(cfg.Endpoint); err != nil {
		return nil, err
	}
	timeout := cmp.Or(cfg.RequestTimeout, 60*time.Second)
	transport := cfg.Transport
	if transport == nil {
		var err error
		if transport, err = network.New(cfg.CACertificates, timeout); err != nil {
			return nil, err
		}
	}
	authorized, err := login.NewTransport(login.Config{
		Login: cfg.Login, Endpoint: cfg.Endpoint, AuthEndpoint: cfg.AuthEndpoint, UserAgent: cfg.UserAgent,
		RetryTimeout: cfg.RetryTimeout, Backoff: cfg.Timing.Backoff, LongestBackoff: cfg.Timing.LongestBackoff,
	}, &attemptTransport{next: transport, timeout: timeout, log: cfg.Logger})
	if err != nil {
		return nil, err
	}
	return &Client{
		base:         strings.TrimRight(cfg.Endpoint, "/") + "/v1alpha1",
		http:         &http.Client{Transport: authorized, CheckRedirect: followSameHost},
		userAgent:    cfg.UserAgent,
		retryTimeout: cfg.RetryTimeout,
		log:          cfg.Logger,
		timing:       cfg.Timing,
		organization: cfg.Organization,
		isNew:        cfg.IsNew,
	}, nil
}

// followSameHost follows a redirect only to the same host, and only if the call keeps its method.
func followSameHost(next *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) < 5 && next.Method == first.Method && next.URL.Scheme == first.URL.Scheme &&
		strings.EqualFold(next.URL.Host, first.URL.Host) && next.URL.User == nil {
		return nil
	}
	return http.ErrUseLastResponse
}
