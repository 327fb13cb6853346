// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/login"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/redact"
)

// errUnreadable is the cause of an error if the API answered with success but the answer cannot be used.
var errUnreadable = errors.New("unreadable answer")

// classify turns the outcome of one attempt into an error, or nil.
func (p *retryPolicy) classify(resp *http.Response, err error) *Error {
	if err != nil {
		return p.noAnswer(err)
	}
	e := &Error{Method: p.request.Method, Path: p.path, Status: resp.StatusCode, RequestID: requestID(resp)}
	body, err := io.ReadAll(resp.Body)
	switch resp.StatusCode / 100 {
	case 2:
		if err == nil {
			err = p.accept(body)
		}
		if err == nil {
			return nil
		}
		e.Message, e.err = describe(body, err), errUnreadable
		e.final = isWrongForm(err) && !errors.Is(err, ErrNull)
	case 3:
		e.Message = describeRedirect(resp)
	default:
		p.readRefusal(e, body, err)
	}
	e.retryHeader = redact.Line(resp.Header.Get("Retry-After"))
	e.retryAfter = network.RetryAfter(e.retryHeader)
	e.unknown = p.request.Kind >= IdempotentWrite && !e.notFound && !e.busy() && mayHaveActed(e.Status)
	return e
}

// noAnswer makes the error of an attempt that got no answer.
func (p *retryPolicy) noAnswer(err error) *Error {
	// The text of a URL error holds the whole address. The error inside it does not.
	var addressed *url.Error
	if errors.As(err, &addressed) {
		err = addressed.Err
	}
	unknown, final := p.request.Kind >= IdempotentWrite, network.IsFinal(err)
	var (
		attempt  *attemptError
		loginErr *login.Error
	)
	switch {
	case errors.As(err, &loginErr): // Its own repeats are over, and the call was not carried out.
		err, unknown, final = loginErr, false, true
	case errors.As(err, &attempt):
		err, unknown = attempt.err, unknown && attempt.sent
	}
	return &Error{
		Method: p.request.Method, Path: p.path, Message: redact.Line(err.Error()),
		err: err, unknown: unknown, final: final,
	}
}

// accept decodes an answer. If the call expects none, it accepts every body except an HTML page.
func (p *retryPolicy) accept(body []byte) error {
	if p.decode != nil {
		return p.decode(body)
	}
	if isHTML(body) {
		return errUnreadable
	}
	return nil
}

// readRefusal reads the API's own error. If there is none, it describes the body.
func (p *retryPolicy) readRefusal(e *Error, body []byte, err error) {
	var own struct {
		Message       string          `json:"message"`
		StatusCode    json.RawMessage `json:"statusCode"`
		RequestID     json.RawMessage `json:"requestID"`
		DetailedError string
	}
	if err == nil {
		err = json.Unmarshal(body, &own)
	}
	if err != nil || strings.TrimSpace(own.Message) == "" {
		e.Message = describe(body, err)
		return
	}
	e.fromAPI = true
	e.Message, e.Detail = redact.Line(own.Message), redact.Text(own.DetailedError)
	e.hasAPIFields = own.StatusCode != nil || own.RequestID != nil
	object := p.request.Object
	e.notFound = object.Name != "" && saysNotFound(e.Status, own.Message, object.Name, e.hasAPIFields)
	e.notVisibleYet = e.notFound && p.client.isNew(object)
	for _, needed := range p.request.Needs {
		// A failed migration may say of something else that it is not found.
		said := own.DetailedError == "" && strings.Contains(strings.ReplaceAll(own.Message, `"`, ""), needed.Name+" not found")
		e.notVisibleYet = e.notVisibleYet || said && p.client.isNew(needed)
	}
}

// isHTML looks at the content alone, because some servers label every text as HTML.
func isHTML(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

// isWrongForm reports whether a complete answer does not have the form that the call expects.
func isWrongForm(err error) bool {
	var (
		invalid   *invalidAnswer
		wrongType *json.UnmarshalTypeError
	)
	return errors.As(err, &invalid) || errors.As(err, &wrongType)
}

// ErrNull rejects null as a list. A server in trouble may answer so, and the call is repeated.
var ErrNull = errors.New("null is not a list")

// invalidAnswer is JSON of the right types whose content is invalid.
type invalidAnswer struct{ error }

func (e *invalidAnswer) Unwrap() error { return e.error }

// decodingError returns the error of the decoder. An error of a type's own decoder, such as that of a time, is an
// invalid answer.
func decodingError(err error) error {
	var (
		wrongType *json.UnmarshalTypeError
		syntax    *json.SyntaxError
	)
	if errors.As(err, &wrongType) || errors.As(err, &syntax) {
		return err
	}
	return &invalidAnswer{err}
}
