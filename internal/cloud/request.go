// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

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

// request is one call, before it is bound to an organization.
type request struct {
	kind    kind
	method  string
	global  bool     // directly below /v1alpha1, without an organization
	path    []string // elements, each of which is escaped
	object  object   // that the API may say is not found; none where that says nothing about an object
	needs   []object // further objects that the call needs, and that may be too new to be found
	body    any      // sent as JSON
	upload  *upload  // sent in the place of body
	secrets []string // in the body: what no error may show, even if the answer does
	hurried bool     // a busy object is an error at once
}

// upload is a JSON body too large for memory. It is opened anew for every attempt.
type upload struct {
	open func() (io.ReadCloser, error)
	size int64 // 0 is unknown
}

// do makes a call and decodes its answer. A T that has a method check() error may refuse what was decoded.
func do[T any](ctx context.Context, c *Client, r request) (T, error) {
	var answer T
	err := c.send(ctx, r, func(body []byte) error {
		var fresh T
		if err := json.Unmarshal(body, &fresh); err != nil {
			return err
		}
		if checked, ok := any(fresh).(interface{ check() error }); ok {
			if err := checked.check(); err != nil {
				return &oddAnswer{err}
			}
		}
		answer = fresh
		return nil
	})
	return answer, err
}

// tell makes a call whose answer says nothing but that it was accepted.
func (c *Client) tell(ctx context.Context, r request) error { return c.send(ctx, r, nil) }

// address builds the URL of a call. An element that would change the path's meaning is refused, so that no name, however
// odd, can turn a call about one object into another.
func (c *Client) address(ctx context.Context, r request) (string, error) {
	elements := r.path
	if !r.global {
		organization, err := c.Organization(ctx)
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

// rawBody is the body in the form that can be sent again, nil if there is none.
func (r request) rawBody() (any, error) {
	switch {
	case r.upload != nil:
		return retryablehttp.ReaderFunc(func() (io.Reader, error) { return &lateBody{upload: r.upload}, nil }), nil
	case r.body == nil:
		return nil, nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // What a server echoes should look like what is hidden from errors.
	if err := encoder.Encode(r.body); err != nil {
		return nil, errors.New("the body of the call cannot be written as JSON")
	}
	return b.Bytes(), nil
}

// lateBody opens an upload when it is read: bodies are made more often than they are sent.
type lateBody struct {
	upload *upload
	opened io.ReadCloser
}

// Len is the length that goes into the header.
func (b *lateBody) Len() int { return int(b.upload.size) }

func (b *lateBody) Read(p []byte) (int, error) {
	if b.opened == nil {
		opened, err := b.upload.open()
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
