// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package connection makes what programs need to reach a database instance: a connection URL, and the `database:` part
// of a dbos-config.yaml. It works on texts alone, without network, files or Terraform.
//
// No error of this package contains a password.
package connection

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Connection says where a database server is and who logs in.
type Connection struct {
	Hostname string // a host name, an IPv4 address or an IPv6 address without brackets
	Port     int64  // 0, which a mocked provider answers, is left out
	Username string
	Password string // required for a URL; without one, Config writes a placeholder
	Database string // used by URL only; "" means defaultDatabase
	SSLMode  string // used by URL only; "" leaves it to the client's default
}

// defaultDatabase is the maintenance database that every server has.
const defaultDatabase = "postgres"

var (
	hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$`)
	zoneName = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
)

// Check checks the parts that a URL and a configuration share. A missing password is no error.
func (c Connection) Check() error {
	if err := checkHostname(c.Hostname); err != nil {
		return err
	}
	if c.Port < 0 || c.Port > 65535 {
		return fmt.Errorf("port must be a number from 1 to 65535, not %d", c.Port)
	}
	if err := checkText("username", c.Username); err != nil || c.Password == "" {
		return err
	}
	return checkText("password", c.Password)
}

// checkHostname refuses a host that would need escaping in a URL, except for the brackets and the zone of an IPv6
// address. Such a host could change other parts of the URL.
func checkHostname(host string) error {
	if host == "" {
		return errors.New("hostname must not be empty")
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if zone := addr.Zone(); zone != "" && !zoneName.MatchString(zone) {
			return fmt.Errorf("hostname %q: the zone of an IPv6 address may only have letters, digits and -._~", host)
		}
		return nil
	}
	if len(host) > 253 || !hostName.MatchString(host) || strings.Contains(host, "..") {
		return fmt.Errorf("hostname %q is neither a host name (letters, digits, dots, hyphens and underscores) nor an IP address", host)
	}
	return nil
}

// checkText refuses a text that no PostgreSQL client can send. Its errors do not quote the value, which may be a
// password.
func checkText(what, value string) error {
	switch {
	case value == "":
		return fmt.Errorf("%s must not be empty", what)
	case strings.ContainsRune(value, 0):
		return fmt.Errorf("%s must not contain a NUL character", what)
	case !utf8.ValidString(value):
		return fmt.Errorf("%s is not valid UTF-8", what)
	}
	return nil
}
