// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// maxTokenAnswer limits the size of an answer. Auth servers send far less.
const maxTokenAnswer = 1 << 20

// ErrNoLogin is wrapped by the error of a call that needs a login when there is none.
var ErrNoLogin = errors.New("no login to DBOS Cloud")

// Error says why a request was not sent, or not repeated after a 401: there is no token for it.
type Error struct {
	Temporary bool // a later exchange may succeed

	text string
	err  error
}

func (e *Error) Error() string { return e.text }

func (e *Error) Unwrap() error { return e.err }

// unreachable is the error of an exchange that got no answer.
func (r *refresher) unreachable(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	return &Error{
		text:      fmt.Sprintf("the refresh token could not be exchanged at %s: %v", r.url.Host, err),
		Temporary: !network.IsFinal(err),
		err:       err,
	}
}

// refused is the error of an exchange whose answer holds no token.
func (r *refresher) refused(resp *http.Response, body []byte, refresh string) error {
	status := strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
	switch code := resp.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return &Error{Temporary: true, text: fmt.Sprintf("the refresh token could not be exchanged: %s answered %s", r.url.Host, status)}
	case code == http.StatusBadRequest, code == http.StatusUnauthorized, code == http.StatusForbidden:
		return &Error{text: fmt.Sprintf("the login has expired or was revoked: %s refused the refresh token (%s%s); log in again with dbos-cloud login and use its new refresh token", r.url.Host, status, reason(body, refresh))}
	}
	return &Error{text: fmt.Sprintf("the refresh token could not be exchanged: %s answered %s, which is not an answer of a login service; check the auth endpoint", r.url.Host, status)}
}

// errorCode leaves the length to longestErrorCode. With a repetition it would take thirty times as long to compile, at
// every start of the provider.
var errorCode = regexp.MustCompile(`^[a-z_]+$`)

const longestErrorCode = 40

// reason returns the part of an auth server's refusal that may be shown.
func reason(body []byte, refresh string) string {
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) != nil || len(answer.Error) > longestErrorCode || !errorCode.MatchString(answer.Error) {
		return ""
	}
	text := ", " + answer.Error
	if d := answer.Description; d != "" && len(d) <= 200 && !strings.Contains(d, refresh) && !strings.Contains(d, "eyJ") {
		text += fmt.Sprintf(": %q", redact.Text(d))
	}
	return text
}

// read takes the token out of an answer. Everything else in the answer may be secret, so no message holds any of it.
func (r *refresher) read(body []byte, refresh string) (token, error) {
	var answer struct {
		AccessToken  string  `json:"access_token"`
		RefreshToken string  `json:"refresh_token"`
		ExpiresIn    float64 `json:"expires_in"`
	}
	unusable := func(what string) (token, error) {
		return token{}, &Error{text: fmt.Sprintf("the refresh token could not be exchanged: %s answered 200 OK with %s; check the auth endpoint", r.url.Host, what)}
	}
	if json.Unmarshal(body, &answer) != nil {
		return unusable(fmt.Sprintf("%d bytes that are not JSON with a token", len(body)))
	}
	value := strings.TrimSpace(answer.AccessToken)
	if value == "" {
		return unusable("no access_token")
	}
	if CheckToken(value) != nil {
		return unusable("an access_token that cannot be sent")
	}
	// An auth server that rotates refresh tokens no longer accepts the old one.
	if next := strings.TrimSpace(answer.RefreshToken); next != "" {
		refresh = next
	}
	lifetime := time.Duration(min(max(answer.ExpiresIn, 0), 1e9)) * time.Second
	return freshToken(value, refresh, lifetime, time.Now()), nil
}
