// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
)

// Error is a call that did not succeed: a refusal, an answer that cannot be read, or no answer at all.
type Error struct {
	Method string
	Path   string // as sent, without the host
	Status int    // 0: there was no answer

	// Message is the API's own word, or, where the answer was not the API's JSON, a short description of what came.
	Message   string
	RequestID string
	Detail    string // DetailedError of the answer, for example the output of a failed migration

	err         error         // the cause where it is not the API's refusal: of the network, of the decoder
	own         bool          // the answer was the API's own JSON
	signed      bool          // and has the API's further fields, which a gateway's bare message lacks
	notFound    bool          // and says that the object that was asked for does not exist
	early       bool          // it is said of an object that this process has just created
	unknown     bool          // a write that may have been carried out
	final       bool          // no repetition would help
	retryAfter  time.Duration // as the answer asks, 0 if it does not
	retryHeader string        // the same, verbatim
	hint        string        // why the call was not repeated, where that is worth a word
}

// Error is one sentence.
func (e *Error) Error() string {
	call := e.Method + " " + e.Path
	var loginErr *login.Error
	if e.Status == 0 && errors.As(e.err, &loginErr) {
		return fmt.Sprintf("%s was not sent: %s", call, loginErr)
	}
	if e.Status == 0 {
		return fmt.Sprintf("DBOS Cloud gave no answer to %s: %s", call, e.Message)
	}
	said := e.Message
	if e.own {
		said = fmt.Sprintf("%q", said)
	}
	status := fmt.Sprint(e.Status)
	if text := http.StatusText(e.Status); text != "" {
		status += " " + text
	}
	where := fmt.Sprintf("%s to %s", status, call)
	if e.RequestID != "" {
		where += ", request ID " + e.RequestID
	}
	text := fmt.Sprintf("DBOS Cloud answered %s (%s)", said, where)
	if e.hint != "" {
		text += "; " + e.hint
	}
	return text
}

func (e *Error) Unwrap() error { return e.err }

// IsNotFound reports whether the API itself says that the object of the call does not exist. A 404 of something else,
// such as a proxy's page or an empty answer, is no proof of that, and neither is any answer to a refused login.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.notFound
}

// IsBusy reports whether the object of the call cannot be changed just now and the same call may succeed later.
func IsBusy(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.busy()
}

// OutcomeUnknown reports whether a write may have been carried out although it failed: there was no answer, or a 5xx, or
// one that cannot be read.
func OutcomeUnknown(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.unknown
}

var (
	notAvailable = regexp.MustCompile(`(?i)\bnot\b.{0,20}\bavailable\b|invalid ?db ?instance ?state`)
	nameTaken    = regexp.MustCompile(`(?i)\balready\b|\btaken\b|\bin use\b|\bduplicate\b|\bname\b.{0,80}\bnot available\b`)
)

func (e *Error) busy() bool {
	if !e.own || e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden {
		return false
	}
	return strings.Contains(strings.ToLower(e.Message), "application is busy") ||
		e.Status == http.StatusConflict && notAvailable.MatchString(e.Message) && !nameTaken.MatchString(e.Message)
}

// IsNameTaken reports whether a create was refused because its name is taken.
func IsNameTaken(err error) bool {
	var e *Error
	if !errors.As(err, &e) || !e.own || e.busy() {
		return false
	}
	return e.Status == http.StatusConflict || nameTaken.MatchString(e.Message)
}

// IsRefused reports whether the API refused a write for reasons of its own, so that the write was not carried out.
func IsRefused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.own && !e.unknown && e.Status != http.StatusUnauthorized && e.Status != http.StatusForbidden
}

// IsPermanent reports whether the API, or the login, has refused a read for good. An answer without the fields of the API's
// own error, such as a page of a proxy, says nothing about the object.
func IsPermanent(err error) bool {
	var loginErr *login.Error
	if errors.As(err, &loginErr) && !loginErr.Temporary {
		return true
	}
	var e *Error
	if !errors.As(err, &e) || e.Status < 400 || e.Status >= 500 || e.notFound || e.busy() {
		return false
	}
	return e.signed && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// RetryAfter is how long the answer of a failed call asks to wait, 0 if it does not.
func RetryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.retryAfter
	}
	return 0
}
