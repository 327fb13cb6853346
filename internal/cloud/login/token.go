// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// renewalMargin is how long before its expiry a token is renewed. It allows for the duration of a request and for
// clocks that differ.
const renewalMargin = time.Minute

// token holds a token and its refresh token. A zero time means never or unknown.
type token struct {
	value    string
	refresh  string
	renew    time.Time // when to get another
	expires  time.Time
	since    time.Time // when it came from an exchange
	accepted bool      // by the control plane, since then
}

// loginToken makes a token of unknown age from a configuration.
func loginToken(value, refresh string) token {
	redact.Keep(value, refresh)
	t := token{value: value, refresh: refresh, expires: expiry(value)}
	if !t.expires.IsZero() {
		t.renew = t.expires.Add(-renewalMargin)
	}
	return t
}

// freshToken makes a token from an exchange, which states its lifetime. The token's own expiry counts more, unless it
// is in the past by this clock. A token that lives for minutes gets a shorter margin, so that it is used at all.
func freshToken(value, refresh string, lifetime time.Duration, now time.Time) token {
	redact.Keep(value, refresh)
	t := token{value: value, refresh: refresh, since: now}
	if expires := expiry(value); expires.After(now) {
		lifetime = expires.Sub(now)
	}
	if lifetime > 0 {
		t.expires = now.Add(lifetime)
		t.renew = t.expires.Add(-min(renewalMargin, lifetime/4))
	}
	return t
}

func (t token) due(now time.Time) bool {
	return !t.renew.IsZero() && !now.Before(t.renew)
}

// expiry reads the expiry of a token. A token that is no JWT, or names no expiry, has none. Only the server checks the
// signature.
func expiry(jwt string) time.Time {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Expiry float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expiry <= 0 || claims.Expiry > math.MaxInt32*100 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expiry), 0)
}
