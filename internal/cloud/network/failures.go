// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package network

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// IsFinal reports whether no repetition would help: the host does not exist, is not the one that it should be, or the
// proxy refuses.
func IsFinal(err error) bool {
	var (
		host      *net.DNSError
		untrusted *tls.CertificateVerificationError
		plain     tls.RecordHeaderError
		proxy     *ProxyError
	)
	return errors.As(err, &host) && host.IsNotFound || errors.As(err, &untrusted) || errors.As(err, &plain) ||
		errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &proxy) && proxy.Final
}

// IsLoopback tells whether host, without port and brackets, is this machine.
// No name is looked up: only localhost is known to be it.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Zone() == "" && address.Unmap().IsLoopback()
}

// CloseBody closes the body of a request that is not sent.
func CloseBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
