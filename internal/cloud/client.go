// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// DefaultEndpoint is the public service.
const DefaultEndpoint = "https://cloud.dbos.dev"

// Config is what a [Client] is made of. The zero value of each field is usable.
type Config struct {
	Endpoint       string        // base URL without /v1alpha1; "" is DefaultEndpoint
	AuthEndpoint   string        // where refresh tokens are exchanged; "" is by host of the API, a loopback endpoint itself
	Organization   string        // "" is the login's, else the profile's, asked for once
	Login          Login         // who the client is
	CACertificates []byte        // roots beside the system's, PEM
	UserAgent      string        // of every request
	RequestTimeout time.Duration // how long the headers of an answer may take; 0 is 60 s
	RetryTimeout   time.Duration // bounds the repeats of one call; 0 is 2 min
	Logger         *slog.Logger  // nil discards; called with the context of the call
	Timing         Timing        // zero is the product's own
}

// Client speaks to one DBOS Cloud as one login.
type Client struct {
	base           string // up to and including /v1alpha1
	http           *http.Client
	userAgent      string
	requestTimeout time.Duration
	retryTimeout   time.Duration
	log            *slog.Logger
	timing         Timing

	organization  remembered[string]
	instances     *snapshot[Instance]
	instanceWaits *poller[Instance]
}

// New makes a client. It does not touch the network.
func New(cfg Config) (*Client, error) {
	cfg.Endpoint = cmp.Or(cfg.Endpoint, DefaultEndpoint)
	if err := CheckEndpoint(cfg.Endpoint); err != nil {
		return nil, err
	}
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, 60*time.Second)
	network, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	return newClient(cfg, network)
}

// newClient makes a client over a network of its own, which tests replace.
func newClient(cfg Config, network http.RoundTripper) (*Client, error) {
	c := &Client{
		base:           strings.TrimRight(cmp.Or(cfg.Endpoint, DefaultEndpoint), "/") + "/v1alpha1",
		userAgent:      cmp.Or(cfg.UserAgent, "terraform-provider-dbos"),
		requestTimeout: cmp.Or(cfg.RequestTimeout, 60*time.Second),
		retryTimeout:   cmp.Or(cfg.RetryTimeout, 2*time.Minute),
		log:            cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		timing:         cfg.Timing.withDefaults(),
	}
	c.organization.value = cmp.Or(cfg.Organization, cfg.Login.Organization)
	exchange := &exchange{next: network, timeout: c.requestTimeout, log: c.log}
	authorized, err := newAuth(cfg, exchange)
	if err != nil {
		return nil, err
	}
	c.http = &http.Client{Transport: authorized, CheckRedirect: followSameHost}
	c.instances = newSnapshot(c.instanceKind(), c.timing)
	c.instanceWaits = newPoller(c.instanceKind(), c.timing, c.log)
	return c, nil
}

// request is one call, before it is bound to an organization.
type request struct {
	kind    kind
	method  string
	global  bool     // directly below /v1alpha1, without an organization
	path    []string // elements, each of which is escaped
	object  string   // the name that the API may say is not found; "" where that says nothing about an object
	body    any      // sent as JSON
	upload  *upload  // sent in the place of body
	secrets []string // what no error may show, even if the answer does
}

// upload is a body too large for memory. It is opened anew for every attempt.
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
				return err
			}
		}
		answer = fresh
		return nil
	})
	return answer, err
}

// tell makes a call whose answer says nothing but that it was accepted.
func (c *Client) tell(ctx context.Context, r request) error { return c.send(ctx, r, nil) }

// url builds the address of a call. An element that would change the path's meaning is refused, so that no name, however
// odd, can turn a call about one object into another.
func (c *Client) url(ctx context.Context, r request) (string, error) {
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
	return encode(r.body)
}

// lateBody opens an upload when it is read, as bodies are made more often than they are sent.
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

func encode(body any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, errors.New("the body of the call cannot be written as JSON")
	}
	return b.Bytes(), nil
}
