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

// Error is a call that did not succeed: a refusal, an answer that cannot be read, or no answer at all.
type Error struct {
	Method string
	Path   string // as sent, without the host
	Status int    // 0: there was no answer

	// Message is the API's own word, or, where the answer was not the API's JSON, a short description of what came.
	Message   string
	RequestID string
	Detail    string // DetailedError of the answer, for example the output of a failed migration

	err           error         // the cause where it is not the API's refusal: of the network, of the decoder
	fromAPI       bool          // the answer was the API's own JSON
	hasAPIFields  bool          // and has the API's further fields, which a gateway's bare message lacks
	notFound      bool          // and says that the object that was asked for does not exist
	notVisibleYet bool          // it is said of an object that this process has just created
	unknown       bool          // a write that may have been carried out
	final         bool          // no repetition would help
	retryAfter    time.Duration // as the answer asks, 0 if it does not
	retryHeader   string        // the same, verbatim
	hint          string        // why the call was not repeated, where that is worth a word
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
