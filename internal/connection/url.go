// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// sslModes are the values that libpq accepts.
var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// URL writes the connection as a postgresql:// URL. libpq, pgx and other clients read exactly the given parts from it.
func URL(c Connection) (string, error) {
	if err := c.Check(); err != nil {
		return "", err
	}
	if c.Password == "" {
		return "", errors.New("password must not be empty")
	}
	database := c.Database
	if database == "" {
		database = defaultDatabase
	}
	if err := checkText("database", database); err != nil {
		return "", err
	}
	if strings.HasPrefix(database, "/") {
		return "", fmt.Errorf("database %q must not begin with a slash: some clients read it as a separator", database)
	}
	if c.SSLMode != "" && !slices.Contains(sslModes, c.SSLMode) {
		return "", fmt.Errorf("sslmode %q is not one of %s", c.SSLMode, strings.Join(sslModes, ", "))
	}

	url := "postgresql://" + percentEncode(c.Username) + ":" + percentEncode(c.Password) + "@" + urlHost(c.Hostname)
	if c.Port != 0 {
		url += ":" + strconv.FormatInt(c.Port, 10)
	}
	url += "/" + percentEncode(database)
	if c.SSLMode != "" {
		url += "?sslmode=" + c.SSLMode
	}
	return url, nil
}

// urlHost puts an IPv6 address in brackets and escapes the percent sign of its zone. Other checked hosts need no
// escaping.
func urlHost(host string) string {
	if addr, err := netip.ParseAddr(host); err != nil || addr.Is4() {
		return host
	}
	return "[" + strings.ReplaceAll(host, "%", "%25") + "]"
}

// percentEncode escapes every byte but RFC 3986's unreserved characters, which is right in every part of a URL. The
// functions of net/url escape less, differently in each part, and clients disagree about the rest.
func percentEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
