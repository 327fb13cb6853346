// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package connection

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// defaultPort is PostgreSQL's default.
const defaultPort = 5432

// errNotURL does not quote the text, which may hold a password.
var errNotURL = errors.New("this is not a URL of the form postgresql://username:password@hostname:port/database; " +
	"percent-encode special characters of the username and of the password, such as # as %23")

// ParseURL takes a postgresql:// or postgres:// URL apart. Missing parts are empty, except for the port, which is 5432
// by default. Parameters other than sslmode are ignored. No error quotes the URL, which may hold a password.
func ParseURL(text string) (Connection, error) {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "" || u.Fragment != "" || ambiguous(text) || strings.ContainsFunc(text, unicode.IsSpace):
		return Connection{}, errNotURL
	case u.Scheme != "postgresql" && u.Scheme != "postgres", !strings.HasPrefix(text, u.Scheme): // Clients accept no capitals.
		return Connection{}, errors.New("the URL must begin with postgresql:// or postgres://")
	case u.Host == "":
		return Connection{}, errors.New("the URL has no host name")
	case strings.Contains(u.Host, ","):
		return Connection{}, errors.New("the URL has several hosts; give one")
	}
	c := Connection{Hostname: u.Hostname(), Port: defaultPort, Username: u.User.Username(), Database: strings.TrimPrefix(u.Path, "/")}
	c.Password, _ = u.User.Password()
	for _, part := range []string{c.Username, c.Password, c.Database} {
		if strings.ContainsRune(part, 0) || !utf8.ValidString(part) {
			return Connection{}, errors.New("a part of the URL is not text in UTF-8")
		}
	}
	if err := checkHostname(c.Hostname); err != nil {
		return Connection{}, errors.New("the URL's host is neither a host name nor an IP address")
	}
	if port := u.Port(); port != "" {
		if c.Port, err = strconv.ParseInt(port, 10, 64); err != nil || c.Port < 1 || c.Port > 65535 {
			return Connection{}, errors.New("the URL's port must be a number from 1 to 65535")
		}
	}
	parameters, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Connection{}, errors.New("the URL's parameters cannot be read")
	}
	for _, name := range []string{"host", "hostaddr", "port", "user", "password", "dbname", "service"} {
		if parameters.Has(name) {
			return Connection{}, fmt.Errorf("the URL's parameter %s would replace another part of the URL; write that part in the URL itself", name)
		}
	}
	c.SSLMode = parameters.Get("sslmode")
	if c.SSLMode != "" && !slices.Contains(sslModes, c.SSLMode) {
		return Connection{}, fmt.Errorf("the URL's sslmode is not one of %s", strings.Join(sslModes, ", "))
	}
	return c, nil
}

// ambiguous tells whether there is a second @ before the path. Clients disagree about which of the two ends the
// password.
func ambiguous(text string) bool {
	_, authority, _ := strings.Cut(text, "://")
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	return strings.Count(authority, "@") > 1
}
