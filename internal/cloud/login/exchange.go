// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
)

// A refresher exchanges a refresh token for a token, at one auth server.
type refresher struct {
	client                  *http.Client
	url                     *url.URL
	clientID                string
	userAgent               string
	limit                   time.Duration // of all attempts together
	backoff, longestBackoff time.Duration // between attempts
}

// authServer returns the auth server of an endpoint and the client ID of the CLI there, which this program uses too.
// Both are public.
func authServer(endpoint, configured *url.URL) (*url.URL, string) {
	server, clientID := &url.URL{Scheme: "https", Host: "dbos-inc.us.auth0.com"}, "G38fLmVErczEo9ioCFjVIHea6yd0qMZu"
	if strings.EqualFold(endpoint.Hostname(), "cloud.dbos.dev") {
		server, clientID = &url.URL{Scheme: "https", Host: "login.dbos.dev"}, "6p7Sjxf13cyLMkdwn14MxlH7JdhILled"
	}
	switch {
	case configured != nil:
		server = configured
	case network.IsLoopback(endpoint.Hostname()):
		server = endpoint
	}
	return server.JoinPath("oauth", "token"), clientID
}

// newRefresher sends by the given transport and follows no redirect, which would pass the refresh token on.
func newRefresher(cfg Config, endpoint *url.URL, transport http.RoundTripper) (*refresher, error) {
	var configured *url.URL
	if cfg.AuthEndpoint != "" {
		if err := CheckAuthEndpoint(cfg.AuthEndpoint); err != nil {
			return nil, err
		}
		var err error
		if configured, err = url.Parse(cfg.AuthEndpoint); err != nil {
			return nil, CheckAuthEndpoint(cfg.AuthEndpoint)
		}
	}
	server, clientID := authServer(endpoint, configured)
	return &refresher{
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		url:       server,
		clientID:  clientID,
		userAgent: cfg.UserAgent,
		limit:     cmp.Or(cfg.RetryTimeout, 2*time.Minute),
		backoff:   cmp.Or(cfg.Backoff, 500*time.Millisecond), longestBackoff: cmp.Or(cfg.LongestBackoff, 15*time.Second),
	}, nil
}

// token carries out the exchange. It asks again if the server is down or overloaded. Any other answer is final.
func (r *refresher) token(ctx context.Context, refresh string) (token, error) {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	var last error
	for attempt := 0; ; attempt++ {
		t, resp, err := r.attempt(ctx, refresh)
		if err != nil && ctx.Err() != nil {
			return token{}, cmp.Or(last, err) // The last answer says more than a timeout.
		}
		last = err
		var failed *Error
		if !errors.As(err, &failed) || !failed.Temporary {
			return t, err
		}
		pause := retryablehttp.DefaultBackoff(r.backoff, r.longestBackoff, attempt, nil)
		if resp != nil {
			pause = max(pause, network.RetryAfter(resp.Header.Get("Retry-After")))
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
			if pause > r.longestBackoff {
				failed.text += fmt.Sprintf("; it asks to wait %s", pause)
			}
			return token{}, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return token{}, err
		}
	}
}

// attempt makes one request of an exchange. Use the response for its status and header alone.
func (r *refresher) attempt(ctx context.Context, refresh string) (token, *http.Response, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {r.clientID}, "refresh_token": {refresh}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return token{}, nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", r.userAgent)
	resp, err := r.client.Do(req)
	if err != nil {
		return token{}, nil, r.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenAnswer))
	switch {
	case resp.StatusCode != http.StatusOK:
		return token{}, resp, r.refused(resp, body, refresh)
	case err != nil:
		return token{}, resp, r.unreachable(err)
	}
	t, err := r.read(body, refresh)
	return t, resp, err
}
