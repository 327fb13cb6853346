// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
)

// DefaultEndpoint is the endpoint of the public service.
const DefaultEndpoint = "https://cloud.dbos.dev"

// CheckEndpoint returns an error unless tokens may be sent to endpoint: over https, or over plain http to this machine.
// A port, a path and a trailing slash are allowed.
func CheckEndpoint(endpoint string) error {
	u, err := checkURL("endpoint", "https://cloud.dbos.dev", endpoint)
	if err != nil {
		return err
	}
	if strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/v1alpha1") {
		return fmt.Errorf("endpoint %s ends in /v1alpha1, which the provider adds itself; leave it out", strconv.Quote(endpoint))
	}
	return nil
}

// CheckAuthEndpoint is [CheckEndpoint] for the auth endpoint, which exchanges refresh tokens.
func CheckAuthEndpoint(endpoint string) error {
	_, err := checkURL("auth endpoint", "https://login.dbos.dev", endpoint)
	return err
}

func checkURL(noun, example, endpoint string) (*url.URL, error) {
	// A value with an at sign, a question mark or a number sign may hold a secret, so it is never printed.
	shown := noun + " " + strconv.Quote(endpoint)
	if strings.ContainsAny(endpoint, "@?#") {
		shown = "the " + noun
	}
	use := "use a URL such as " + example
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s is not a URL; %s", shown, use)
	case u.User != nil:
		return nil, fmt.Errorf("%s has a user name or password in front of its host; leave them out and give the login in token or refresh_token", shown)
	case u.RawQuery != "" || u.ForceQuery:
		return nil, fmt.Errorf("%s has a query after a question mark; leave it out", shown)
	case strings.Contains(endpoint, "#"):
		return nil, fmt.Errorf("%s has a fragment after a number sign; leave it out", shown)
	case u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "":
		return nil, fmt.Errorf("%s does not begin with https://; %s", shown, use)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%s has no host; %s", shown, use)
	case u.Scheme == "http" && !network.IsLoopback(u.Hostname()):
		return nil, fmt.Errorf("%s is plain http, which would send the token unencrypted; use https (http is only for localhost, 127.0.0.0/8 and [::1])", shown)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseInt(port, 10, 64); err != nil || n < 1 || n > 65535 {
			return nil, fmt.Errorf("%s has a port that is out of range; use 1 to 65535", shown)
		}
	}
	return u, nil
}

func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}
