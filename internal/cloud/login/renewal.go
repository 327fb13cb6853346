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
	t := &Transport{base: next, endpoint: endpoint, token: loginToken(strings.TrimSpace(cfg.Login.Token), strings.TrimSpace(cfg.Login.RefreshToken))}
	for _, value := range []string{t.token.value, t.token.refresh} {
		if value == "" {
			continue
		}
		if err := CheckToken(value); err != nil {
			return nil, err
		}
	}
	if t.token.refresh != "" {
		t.refresher, err = newRefresher(cfg, endpoint, next)
	}
	return t, err
}

func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameHost(req.URL, t.endpoint) {
		network.CloseBody(req)
		return nil, &Error{text: fmt.Sprintf("the answer redirects from %s to %s; the redirect was not followed, because the token is not for that host", t.endpoint.Host, req.URL.Host)}
	}
	used, err := t.current(req.Context())
	if err != nil {
		network.CloseBody(req)
		return nil, err
	}
	resp, err := t.send(req, used)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !t.mayRenew(used) {
		return resp, err
	}
	repeat, err := rewound(req)
	if err != nil {
		return resp, nil //nolint:nilerr // The 401 is the better answer than a body that cannot be opened again.
	}
	_ = resp.Body.Close()
	fresh, err := t.renewed(req.Context(), used)
	if err != nil {
		network.CloseBody(repeat)
		return nil, err
	}
	return t.send(repeat, fresh)
}

// send carries out one request with one token. It records that the server accepts the token.
func (t *Transport) send(req *http.Request, used token) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+used.value)
	resp, err := t.base.RoundTrip(req)
	if err == nil && resp.StatusCode != http.StatusUnauthorized {
		t.mu.Lock()
		if t.token.value == used.value {
			t.token.accepted = true
		}
		t.mu.Unlock()
	}
	return resp, err
}

// current returns a token for a request that begins now. If a token is due but cannot be renewed, it is used until it
// expires. An expired token without a refresh token is sent all the same, because only the clock of the server counts.
func (t *Transport) current(ctx context.Context) (token, error) {
	t.mu.Lock()
	held := t.token
	t.mu.Unlock()
	switch {
	case t.refresher == nil && held.value == "":
		return token{}, &Error{text: ErrNoLogin.Error() + ": neither a token nor a refresh token was given", err: ErrNoLogin}
	case t.refresher == nil, held.value != "" && !held.due(time.Now()):
		return held, nil
	}
	fresh, err := t.renewed(ctx, held)
	if err != nil && ctx.Err() == nil && held.value != "" && time.Now().Before(held.expires) {
		return held, nil
	}
	return fresh, err
}

// mayRenew reports whether another token could help after a 401. If the refused token is new and was never accepted,
// the server refuses the login itself. More exchanges could make the auth server lock it.
func (t *Transport) mayRenew(used token) bool {
	if t.refresher == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	held := t.token
	return held.value != used.value || held.accepted || time.Since(held.since) > time.Minute
}

// renewed returns a token other than the used one, from an exchange of its own or of another caller. All callers that
// need a token at the same time share one exchange, each with its own context. They also share its failure, which is
// then forgotten.
func (t *Transport) renewed(ctx context.Context, used token) (token, error) {
	if newer, ok := t.newer(used); ok {
		return newer, nil
	}
	return t.renewal.Do(ctx, func(ctx context.Context) (token, error) {
		now, ok := t.newer(used)
		if ok {
			return now, nil
		}
		fresh, err := t.refresher.token(ctx, now.refresh)
		if err != nil {
			return token{}, err
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.token = fresh
		return fresh, nil
	})
}

// newer returns the current token and whether it differs from the used one.
func (t *Transport) newer(used token) (token, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token, t.token.value != used.value
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
