// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// slowestBody is how many bytes of a body earn a second more to wait for the rest.
const slowestBody = 16 << 10

// timedBody ends a body that comes too slowly: whoever sends half of a deploy and no more would keep the application
// busy for ever.
type timedBody struct {
	io.ReadCloser
	connection *http.ResponseController
	patience   time.Duration // that is left
}

// errSlowBody answers a body that came too slowly.
var errSlowBody = refuse(http.StatusRequestTimeout, "the request body came too slowly")

func (s *Server) limitBodyTime(w http.ResponseWriter, r *http.Request) {
	r.Body = &timedBody{ReadCloser: r.Body, connection: http.NewResponseController(w), patience: s.bodyTimeout}
}

func (b *timedBody) Read(p []byte) (int, error) {
	begun := time.Now()
	if b.patience <= 0 {
		_ = b.connection.SetReadDeadline(begun) // net/http is not to wait for the rest either.
		return 0, errSlowBody
	}
	if err := b.connection.SetReadDeadline(begun.Add(b.patience)); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.patience += time.Duration(n)*time.Second/slowestBody - time.Since(begun)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		b.patience = 0
		return n, errSlowBody // The deadline stays, for net/http as well.
	}
	// A deadline that passes later would count as a client that has gone away.
	if reset := b.connection.SetReadDeadline(time.Time{}); err == nil {
		err = reset
	}
	return n, err
}

// checkHost refuses a request that was meant for another host. A web page could otherwise reach the local cloud by a
// name of its own that leads to this machine.
func checkHost(r *http.Request) error {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if isLoopback(host) {
		return nil
	}
	return refuse(http.StatusMisdirectedRequest, "host %q is not this local cloud, which is reached by a loopback address only", host)
}

// isLoopback tells whether a host is this machine's own by its mere text.
func isLoopback(host string) bool {
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
