// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// newTransport is the network: keep-alive connections for many parallel calls, HTTP/2 where it is offered, proxies by
// environment, the system's roots and the configured ones.
func newTransport(cfg Config) (*http.Transport, error) {
	roots, err := rootCertificates(cfg.CACertificates)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: min(cfg.RequestTimeout, 30*time.Second), KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: checkProxyAnswer,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    min(cfg.RequestTimeout, 30*time.Second),
		ForceAttemptHTTP2:      true,
		// Without pings, every repeat of a call would go out on the same dead connection.
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
		MaxIdleConns:           128,
		MaxIdleConnsPerHost:    128,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}, nil
}

func rootCertificates(extra []byte) (*x509.CertPool, error) {
	if len(extra) == 0 {
		return nil, nil // the system's
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("the system's certificates cannot be read: %w", err)
	}
	if !roots.AppendCertsFromPEM(extra) {
		return nil, errors.New("the extra CA certificates hold no certificate in PEM form")
	}
	return roots, nil
}

// followSameHost follows a redirect only where the token may go and where the call stays what it was.
func followSameHost(next *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) < 5 && next.Method == first.Method && next.URL.Scheme == first.URL.Scheme &&
		strings.EqualFold(next.URL.Host, first.URL.Host) && next.URL.User == nil {
		return nil
	}
	return http.ErrUseLastResponse
}

// proxyError is a proxy that opens no tunnel.
type proxyError struct {
	text  string
	final bool
}

func (e *proxyError) Error() string { return e.text }

func checkProxyAnswer(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{
		text:  fmt.Sprintf("the proxy %s answered %d %s", proxy.Host, answer.StatusCode, http.StatusText(answer.StatusCode)),
		final: answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests,
	}
}
