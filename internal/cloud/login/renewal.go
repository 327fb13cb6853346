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

// Config is what a [Transport] is made of.
type Config struct {
	Login          Login
	Endpoint       string        // of the API; "" is DefaultEndpoint
	AuthEndpoint   string        // where refresh tokens are exchanged; "" is by host of the API, a loopback endpoint itself
	UserAgent      string        // of exchanges
	RetryTimeout   time.Duration // of the attempts of one exchange together; 0 is 2 min
	Backoff        time.Duration // first pause between them; 0 is 0.5 s
	LongestBackoff time.Duration // 0 is 15 s
}

// Transport adds the token to each request to the control plane and has it
// renewed: where there is none, a minute before it expires, and once after a
// 401. It is the only place that knows tokens. The token goes to the endpoint's
// host alone.
type Transport struct {
	base      http.RoundTripper
	endpoint  *url.URL
	refresher *refresher // nil without a refresh token

	mu      sync.Mutex
	token   token
	renewal share.Call[token]
}

// NewTransport sends by next, which is also how refresh tokens are exchanged: with the same roots and the same proxy.
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

// send carries out one request with one token, and notes a token that the
// server accepts.
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

// current returns a token for a request that begins now. Where it should be
// renewed and cannot, it serves for as long as it has not expired. One that
// has expired and has no refresh token is sent all the same: the server's
// clock is the one that counts.
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

// mayRenew tells whether another token could help against a 401. Where the
// refused one came from an exchange just now and was never accepted, the login
// itself is what is refused, and asking again and again would only have the
// auth server lock it.
func (a *Transport) mayRenew(used token) bool {
	if a.refresher == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.token
	return t.value != used.value || t.accepted || t.since.IsZero() || time.Since(t.since) > time.Minute
}

// renewed returns a token other than the used one: that of an exchange, or of
// one that somebody else has made meanwhile. All that need one at a time wait
// for one exchange, each with its own context. A failure is shared by those
// who waited for it and then forgotten.
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

// newer returns the present token, and whether it is another than the used one.
func (a *Transport) newer(used token) (token, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.token, a.token.value != used.value
}

// rewound is the request once more from its start, or an error where its body
// cannot be had again.
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
