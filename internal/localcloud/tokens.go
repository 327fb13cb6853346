// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// tokens issues and checks JWTs. The state keeps the key, so tokens outlive a restart.
type tokens struct {
	key      []byte
	lifetime time.Duration
	subject  string
	issuer   string
}

const (
	tokenAudience = "dbos-cloud-api"
	tokenHeader   = `{"alg":"HS256","typ":"JWT"}`
)

type tokenClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	ID       string `json:"jti"`
}

var (
	errForged  = errors.New("the token is not valid")
	errExpired = errors.New("the token is expired")
)

func randomBytes(n int) []byte {
	random := make([]byte, n)
	_, _ = rand.Read(random) // never fails: the runtime ends the process instead
	return random
}

func (t *tokens) issue(now time.Time) (string, error) {
	payload, err := json.Marshal(tokenClaims{
		Issuer:   t.issuer,
		Subject:  t.subject,
		Audience: tokenAudience,
		Issued:   now.Unix(),
		Expires:  now.Add(t.lifetime).Unix(),
		ID:       requestID(),
	})
	if err != nil {
		return "", err
	}
	signed := encodeSegment([]byte(tokenHeader)) + "." + encodeSegment(payload)
	return signed + "." + encodeSegment(t.sign(signed)), nil
}

func (t *tokens) check(token string, now time.Time) error {
	cut := strings.LastIndexByte(token, '.')
	if cut < 0 {
		return errForged
	}
	signed := token[:cut]
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil || !hmac.Equal(signature, t.sign(signed)) {
		return errForged
	}
	// The signature is ours, and so is the form of the payload.
	_, segment, _ := strings.Cut(signed, ".")
	payload, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return errForged
	}
	var c tokenClaims
	if json.Unmarshal(payload, &c) != nil || c.Audience != tokenAudience {
		return errForged
	}
	if now.Unix() >= c.Expires {
		return errExpired
	}
	return nil
}

func (t *tokens) sign(signed string) []byte {
	mac := hmac.New(sha256.New, t.key)
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}

func encodeSegment(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func (s *Server) authorize(r *http.Request) error {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return refuse(http.StatusUnauthorized, "unauthorized: no bearer token")
	}
	if err := s.tokens.check(token, time.Now()); err != nil {
		return refuse(http.StatusUnauthorized, "unauthorized: %s", err)
	}
	return nil
}
