// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/share"
)

// Config configures a [Transport].
type Config struct {
	Login          Login
	Endpoint       string        // of the API; "" is DefaultEndpoint
	AuthEndpoint   string        // where refresh tokens are exchanged; "" follows from Endpoint; a loopback endpoint is its own
	UserAgent      string        // of exchanges
	RetryTimeout   time.Duration // of the attempts of one exchange together; 0 is 2 min
	Backoff        time.Duration // first pause between them; 0 is 0.5 s
	LongestBackoff time.Duration // 0 is 15 s
}

// Transport adds the token to each request to the control plane. It renews the token if there is none, a minute before
// it expires, and once after a 401. Only this package knows tokens. The token goes to the host of the endpoint alone.
type Transport struct {
	base      http.RoundTripper
	endpoint  *url.URL
	refresher *refresher // nil without a refresh token

	mu      sync.Mutex
	token   token
	renewal share.Call[token]
}

// NewTransport sends by next. Exchanges of refresh tokens use next too, so they have the same roots and the same proxy.
func NewTransport(cfg Config, next http.RoundTripper) (*Transport, error) {
	endpoint, err := url.Parse(cmp.Or(cfg.Endpoint, DefaultEndpoint))
	if err != nil {
		return nil, CheckEndpoint(cfg.Endpoint)
	}
	a := &Transport{base: next, endpoint: endpoint, token: loginToken(strings.TrimSpace(cfg.Login.Token), strings.TrimSpace(cfg.Login.RefreshToken))}
	for _, value := range []string{a.token.value, a.token.refresh} {
		if value == "" {
			continue
		}
		if err := CheckToken(value); err != nil {
			return nil, err
		}
	}
	if a.token.refresh != "" {
		a.refresher, err = newRefresher(cfg, endpoint, next)
	}
	return a, err
}

func (a *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameHost(req.URL, a.endpoint) {
		network.CloseBody(req)
		return nil, &Error{text: fmt.Sprintf("the answer leads from %s to %s, where the token does not belong; it was not followed", a.endpoint.Host, req.URL.Host)}
	}
	used, err := a.current(req.Context())
	if err != nil {
		network.CloseBody(req)
		return nil, err
	}
	resp, err := a.send(req, used)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !a.mayRenew(used) {
		return resp, err
	}
	repeat, err := rewound(req)
	if err != nil {
		return resp, nil //nolint:nilerr // The 401 is the better answer than a body that cannot be opened again.
	}
	_ = resp.Body.Close()
	fresh, err := a.renewed(req.Context(), used)
	if err != nil {
		network.CloseBody(repeat)
		return nil, err
	}
	return a.send(repeat, fresh)
}

// send carries out one request with one token. It records that the server accepts the token.
func (a *Transport) send(req *http.Request, t token) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+t.value)
	resp, err := a.base.RoundTrip(req)
	if err == nil && resp.StatusCode != http.StatusUnauthorized {
		a.mu.Lock()
		if a.token.value == t.value {
			a.token.accepted = true
		}
		a.mu.Unlock()
	}
	return resp, err
}

// current returns a token for a request that begins now. If a token is due but cannot be renewed, it is used until it
// expires. An expired token without a refresh token is sent all the same, because only the clock of the server counts.
func (a *Transport) current(ctx context.Context) (token, error) {
	a.mu.Lock()
	t := a.token
	a.mu.Unlock()
	switch {
	case a.refresher == nil && t.value == "":
		return token{}, &Error{text: ErrNoLogin.Error() + ": neither a token nor a refresh token was given", err: ErrNoLogin}
	case a.refresher == nil, t.value != "" && !t.due(time.Now()):
		return t, nil
	}
	fresh, err := a.renewed(ctx, t)
	if err != nil && ctx.Err() == nil && t.value != "" && time.Now().Before(t.expires) {
		return t, nil
	}
	return fresh, err
}

// mayRenew reports whether another token could help after a 401. If the refused token is new and was never accepted,
// the server refuses the login itself. More exchanges could make the auth server lock it.
func (a *Transport) mayRenew(used token) bool {
	if a.refresher == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.token
	return t.value != used.value || t.accepted || t.since.IsZero() || time.Since(t.since) > time.Minute
}

// renewed returns a token other than the used one, from an exchange of its own or of another caller. All callers that
// need a token at the same time share one exchange, each with its own context. They also share its failure, which is
// then forgotten.
func (a *Transport) renewed(ctx context.Context, used token) (token, error) {
	if newer, ok := a.newer(used); ok {
		return newer, nil
	}
	return a.renewal.Do(ctx, func(ctx context.Context) (token, error) {
		now, ok := a.newer(used)
		if ok {
			return now, nil
		}
		fresh, err := a.refresher.token(ctx, now.refresh)
		if err != nil {
			return token{}, err
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.token = fresh
		return fresh, nil
	})
}

// newer returns the current token and whether it differs from the used one.
func (a *Transport) newer(used token) (token, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.token, a.token.value != used.value
}

// rewound returns a copy of the request with a new body. It fails if the body cannot be opened again.
func rewound(req *http.Request) (*http.Request, error) {
	repeat := req.Clone(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return repeat, nil
	}
	if req.GetBody == nil {
		return nil, errors.New("the body cannot be had again")
	}
	body, err := req.GetBody()
	repeat.Body = body
	return repeat, err
}
