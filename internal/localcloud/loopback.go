// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"fmt"
	"net"
	"net/http"
)

// checkLoopback keeps the local cloud on this machine: it hands out logins and runs what is deployed to it.
func checkLoopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listen address %q: %w", listen, err)
	}
	if !isLoopback(host) {
		return fmt.Errorf("listen address %q: the local cloud listens on a loopback address only, such as 127.0.0.1:0", listen)
	}
	return nil
}

// checkHost refuses a request that was meant for another host. Otherwise a web page could reach the local cloud by DNS
// rebinding: by a name of its own that leads to this machine.
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

// isLoopback looks at the text alone: a name other than localhost is not resolved.
func isLoopback(host string) bool {
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
