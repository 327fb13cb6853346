// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
)

// Object is the object of a call. Messages of the API name it.
type Object struct {
	Noun string // "database instance", "application"
	Name string
}

// Request describes one call. It does not name the organization.
type Request struct {
	Kind         Kind
	Method       string
	Global       bool     // directly below /v1alpha1, without an organization
	Path         []string // elements, each of which is escaped
	Object       Object   // the object of the call, if "not found" would be about it
	Needs        []Object // further objects that the call needs, and that may be too new to be found
	Body         any      // sent as JSON
	Stream       Stream   // sent in place of Body
	Secrets      []string // values in the body that no error may show, even if the answer does
	FailWhenBusy bool     // a busy object is an error at once
}

// Stream is a JSON body too large for memory. Every attempt opens it again, and it gives the same bytes each time.
type Stream interface {
	Open() (io.ReadCloser, error)
	Size() int64 // in bytes; 0 is unknown
}

// Do makes a call and decodes its answer. A T that has a method Check() error may refuse the decoded answer.
func Do[T any](ctx context.Context, c *Client, r Request) (T, error) {
	var answer T
	err := c.call(ctx, r, func(body []byte) error {
		var decoded T
		if err := json.Unmarshal(body, &decoded); err != nil {
			return decodingError(err)
		}
		if checked, ok := any(decoded).(interface{ Check() error }); ok {
			if err := checked.Check(); err != nil {
				return &invalidAnswer{err}
			}
		}
		answer = decoded
		return nil
	})
	return answer, err
}

// Send makes a call whose answer only says that it was accepted.
func (c *Client) Send(ctx context.Context, r Request) error { return c.call(ctx, r, nil) }

// address builds the URL of a call. It refuses an element that would change the meaning of the path, so that an odd
// name cannot turn a call about one object into a call about another.
func (c *Client) address(ctx context.Context, r Request) (string, error) {
	elements := r.Path
	if !r.Global {
		organization, err := c.organization(ctx)
		if err != nil {
			return "", err
		}
		elements = append([]string{organization}, elements...)
	}
	var b strings.Builder
	b.WriteString(c.base)
	for _, element := range elements {
		if element == "" || element == "." || element == ".." {
			return "", fmt.Errorf("%q cannot be part of the path of a call", element)
		}
		b.WriteString("/" + url.PathEscape(element))
	}
	return b.String(), nil
}

// rawBody returns the body in a form that can be sent again, or nil.
func (r Request) rawBody() (any, error) {
	switch {
	case r.Stream != nil:
		return retryablehttp.ReaderFunc(func() (io.Reader, error) { return &lateBody{stream: r.Stream}, nil }), nil
	case r.Body == nil:
		return nil, nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // An echo of the server then looks like the secret that errors hide.
	if err := encoder.Encode(r.Body); err != nil {
		return nil, errors.New("the body of the call cannot be written as JSON")
	}
	return b.Bytes(), nil
}

// lateBody opens a stream at the first read, because retryablehttp makes more bodies than it sends.
type lateBody struct {
	stream Stream
	opened io.ReadCloser
}

// Len is the value of the Content-Length header.
func (b *lateBody) Len() int { return int(b.stream.Size()) }

func (b *lateBody) Read(p []byte) (int, error) {
	if b.opened == nil {
		opened, err := b.stream.Open()
		if err != nil {
			return 0, err
		}
		b.opened = opened
	}
	return b.opened.Read(p)
}

func (b *lateBody) Close() error {
	if b.opened == nil {
		return nil
	}
	return b.opened.Close()
}
