// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
)

// Error is the error of a failed call: a refusal, an unreadable answer, or no answer at all.
type Error struct {
	Method string
	Path   string // as sent, without the host
	Status int    // 0: there was no answer

	// Message is the API's own message. If the answer was not the API's JSON, it describes the answer in a few words.
	Message   string
	RequestID string
	Detail    string // DetailedError of the answer, for example the output of a failed migration

	err           error         // the cause if it is not a refusal by the API: an error of the network or the decoder
	fromAPI       bool          // the answer was the API's own JSON
	hasAPIFields  bool          // it has the API's further fields, which a gateway's bare message lacks
	notFound      bool          // and says that the object of the call does not exist
	notVisibleYet bool          // the object is new, so its record may not be visible yet
	unknown       bool          // a write that may have been carried out
	final         bool          // no repetition would help
	retryAfter    time.Duration // as the answer asks, 0 if it does not
	retryHeader   string        // the same, verbatim
	hint          string        // why the call was not repeated, if the user should know
}

// Error returns one sentence.
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
	if e.fromAPI {
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
