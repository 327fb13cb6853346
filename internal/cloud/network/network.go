// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package network carries requests: connections, proxies, trust, and which failures are final.
package network

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// New returns a transport with keep-alive connections for many parallel calls. It uses HTTP/2 if the server offers it,
// the proxies of the environment, the system's roots and extra roots in PEM form. The timeout limits the start of a
// connection.
func New(extraRoots []byte, timeout time.Duration) (*http.Transport, error) {
	roots, err := rootCertificates(extraRoots)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: min(timeout, 30*time.Second), KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  environmentProxy,
		OnProxyConnectResponse: checkProxyAnswer,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    min(timeout, 30*time.Second),
		ForceAttemptHTTP2:      true,
		// Without pings, every repeat of a call would use the same dead connection.
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

// ProxyError says that a proxy cannot be used, or opens no tunnel.
type ProxyError struct {
	Text  string
	Final bool // no repetition would help
}

func (e *ProxyError) Error() string { return e.Text }

// environmentProxy returns the proxy of the standard variables. The library would retry an unreadable value with
// http:// in front, show it in an error with its password, or ignore it.
func environmentProxy(req *http.Request) (*url.URL, error) {
	name := strings.ToUpper(req.URL.Scheme) + "_PROXY"
	wrong := func(what string) error {
		return &ProxyError{Final: true, Text: fmt.Sprintf("the proxy in the environment variable %s %s; use a URL such as http://proxy.example.com:3128", name, what)}
	}
	proxy, err := http.ProxyFromEnvironment(req)
	switch {
	case err != nil, proxy == nil && !IsLoopback(req.URL.Hostname()) && unreadable(cmp.Or(os.Getenv(name), os.Getenv(strings.ToLower(name)))):
		return nil, wrong("is not a URL")
	case proxy == nil:
		return nil, nil // It stands for no proxy.
	case strings.HasPrefix(proxy.Path, "//"):
		return nil, wrong("is not a URL")
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, proxy.Scheme):
		return nil, wrong("begins with neither http://, https:// nor socks5://")
	case proxy.Hostname() == "":
		return nil, wrong("has no host")
	}
	return proxy, nil
}

func unreadable(proxy string) bool {
	_, err := url.Parse(proxy)
	_, again := url.Parse("http://" + proxy)
	return err != nil && again != nil
}

func checkProxyAnswer(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{
		Text:  fmt.Sprintf("the proxy %s answered %d %s", proxy.Host, answer.StatusCode, http.StatusText(answer.StatusCode)),
		Final: answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests,
	}
}
