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

// IsFinal reports whether a repeat would not help: the host does not exist or is the wrong one, or the proxy refuses.
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

// IsLoopback reports whether host, without port and brackets, is this machine. It looks up no name: of names, only
// localhost counts.
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
