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

// renewalMargin is how long before its end a token is renewed. It covers the
// time that a request is under way, and clocks that differ.
const renewalMargin = time.Minute

// token is what requests are sent with, and what it is renewed with. Zero times
// mean never, or not known.
type token struct {
	value    string
	refresh  string
	renew    time.Time // from when on another is asked for
	expires  time.Time
	since    time.Time // when it came from an exchange
	accepted bool      // by the control plane, since then
}

// loginToken is a token of unknown age, as it comes from a configuration.
func loginToken(value, refresh string) token {
	redact.Keep(value, refresh)
	t := token{value: value, refresh: refresh, expires: expiry(value)}
	if !t.expires.IsZero() {
		t.renew = t.expires.Add(-renewalMargin)
	}
	return t
}

// freshToken is one that has just come from an exchange, which says that it
// lives for lifetime. Its own expiry counts for more, except where this clock
// takes it for expired already. The margin of one that lives for minutes is a
// part of that, so that it is used at all.
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

// expiry reads the end of a token's life out of the token. What is no JWT, or
// names no expiry, has none. The signature is the server's to check.
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
