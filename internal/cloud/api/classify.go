// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
)

// lazily compiles a regular expression when it is first used. Most runs of the provider never need these, and they
// would take a fiftieth of its start.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

var (
	absent = lazily(`(?i)\bnot found\b|\bdoes not exist\b|\bdoesn't exist\b|\bno such\b`)
	// elsewhere matches what else may be missing: the objects that a path goes through, or the path itself.
	elsewhere = lazily(`(?i)\b(organi[sz]ation|user|route|endpoint|path|page|url)\b|^cannot [A-Z]+ /`)
	owner     = lazily(`(?i)\b(organi[sz]ation|user)\W*$`)
)

// saysNotFound reports whether a refusal says that the object itself does not exist. A missing organization or an
// unknown path does not count. hasAPIFields tells that the answer has further fields of the API; a gateway's bare
// {"message":"Not Found"} has none.
func saysNotFound(status int, message, object string, hasAPIFields bool) bool {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return false
	}
	before, after, named := strings.Cut(message, object)
	if named && absent().MatchString(before+after) {
		return !owner().MatchString(before)
	}
	return status == http.StatusNotFound && (named || hasAPIFields) && !elsewhere().MatchString(before+after)
}

// IsNotFound reports whether the API itself says that the object of the call does not exist. Any other 404, such as a
// proxy's page or an empty answer, is no proof. Neither is an answer to a refused login.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.notFound
}

// IsBusy reports whether the object of the call cannot be changed now, so that the same call may succeed later.
func IsBusy(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.busy()
}

// OutcomeUnknown reports whether a failed write may have been carried out. That is so if there was no answer, a 5xx, or
// an answer that cannot be read.
func OutcomeUnknown(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.unknown
}

var (
	notAvailable = lazily(`(?i)\bnot\b.{0,20}\bavailable\b|invalid ?db ?instance ?state`)
	nameTaken    = lazily(`(?i)\balready\b|\btaken\b|\bin use\b|\bduplicate\b|\bname\b.{0,80}\bnot available\b`)
)

func (e *Error) busy() bool {
	if !e.fromAPI || e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden {
		return false
	}
	return strings.Contains(strings.ToLower(e.Message), "application is busy") ||
		e.Status == http.StatusConflict && notAvailable().MatchString(e.Message) && !nameTaken().MatchString(e.Message)
}

// IsNameTaken reports whether a create was refused because its name is taken.
func IsNameTaken(err error) bool {
	var e *Error
	if !errors.As(err, &e) || !e.fromAPI || e.busy() {
		return false
	}
	return e.Status == http.StatusConflict || nameTaken().MatchString(e.Message)
}

// IsRefused reports whether the API refused a write for reasons of its own, so that the write was not carried out.
func IsRefused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.fromAPI && !e.unknown && e.Status != http.StatusUnauthorized && e.Status != http.StatusForbidden
}

// IsPermanent reports whether the API or the login has refused a read for good. An answer without the API's own fields,
// such as a proxy's page, says nothing about the object.
func IsPermanent(err error) bool {
	var loginErr *login.Error
	if errors.As(err, &loginErr) && !loginErr.Temporary {
		return true
	}
	var e *Error
	if !errors.As(err, &e) || e.Status < 400 || e.Status >= 500 || e.notFound || e.busy() {
		return false
	}
	return e.hasAPIFields && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// RetryAfter returns how long a failed answer asks to wait, or 0.
func RetryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.retryAfter
	}
	return 0
}

// mayHaveActed reports whether a write may have been carried out. Only a refusal proves that it was not.
func mayHaveActed(status int) bool {
	return status < 400 || status >= 500 || status == http.StatusRequestTimeout
}

// repeatable reports whether a failed call may be repeated within the retry timeout.
func (p *retryPolicy) repeatable(e *Error) bool {
	if p.request.Kind == Write {
		return e.Status == 0 && !e.unknown || e.Status == http.StatusTooManyRequests
	}
	switch {
	case e.notFound:
		return false
	case e.Status == 0, e.Status >= 500, e.Status < 300:
		return true
	}
	return e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests
}
