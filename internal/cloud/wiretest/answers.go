// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package wiretest

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
)

// Say answers with a status and a body.
func Say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", cmp.Or(w.Header().Get("Content-Type"), "application/json"))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// OK answers with 200 and a body.
func OK(body string) http.HandlerFunc { return Say(http.StatusOK, body) }

// With is an answer with one more header.
func With(header, value string, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(header, value)
		answer(w, r)
	}
}

// Refuse answers with the API's own error. Its request ID is req- and the status.
func Refuse(status int, message string) http.HandlerFunc {
	return Say(status, fmt.Sprintf(`{"message":%q,"statusCode":%d,"requestID":"req-%d"}`, message, status, status))
}

// BadGateway answers with the page of a proxy.
func BadGateway(w http.ResponseWriter, r *http.Request) { Say(502, "<html>Bad Gateway</html>")(w, r) }

// Busy answers that the application is busy.
func Busy(w http.ResponseWriter, r *http.Request) { Refuse(409, "application is busy")(w, r) }

// Lose breaks the connection. It does not return, and the effects of the handler so far remain.
func Lose(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// Hang answers nothing until the client goes away.
func Hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// InTurn answers the first request with the first answer and so on, and then repeats the last one.
func InTurn(answers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		answer := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		mu.Unlock()
		answer(w, r)
	}
}

// Answers are the answers to one call, given as [InTurn] gives them.
type Answers []http.HandlerFunc

// Times is the same answer n times.
func Times(n int, answer http.HandlerFunc) Answers { return slices.Repeat(Answers{answer}, n) }

// Script has the answers to each call. A call is a method and a path below /v1alpha1.
type Script map[string]Answers

// Handler plays a script. A call that is not in it fails the test, and so does one without [Token].
func (s Script) Handler(t *testing.T) http.HandlerFunc {
	answers := map[string]http.HandlerFunc{}
	for call, list := range s {
		if len(list) > 0 {
			answers[call] = InTurn(list...)
		}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+Token {
			t.Errorf("%s with the authorization %q", call(r), got)
		}
		answer := answers[call(r)]
		if answer == nil {
			t.Errorf("unexpected call %s", call(r))
			answer = Lose
		}
		answer(w, r)
	}
}
