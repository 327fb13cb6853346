// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package login

import (
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

func TestCheckEndpoint(t *testing.T) {
	t.Parallel()
	const use = "use a URL such as https://cloud.dbos.dev"
	const plain = "is plain http, which would send the token unencrypted; use https (http is only for localhost, 127.0.0.0/8 and [::1])"
	for endpoint, want := range map[string]string{
		"https://cloud.dbos.dev":            "",
		"https://cloud.dbos.dev/":           "",
		"https://staging.example.org:8443":  "",
		"https://gateway.example.org/dbos/": "",
		"HTTPS://cloud.dbos.dev":            "",
		"https://[2001:db8::1]:8443":        "",
		"http://localhost:8080":             "",
		"http://LocalHost":                  "",
		"http://127.0.0.1:8080/":            "",
		"http://127.8.9.10":                 "",
		"http://[::1]:8080":                 "",
		"http://cloud.dbos.dev":             `endpoint "http://cloud.dbos.dev" ` + plain,
		"http://localhost.example.org":      `endpoint "http://localhost.example.org" ` + plain,
		"http://128.0.0.1":                  `endpoint "http://128.0.0.1" ` + plain,
		"http://127.0.0.1.example.org":      `endpoint "http://127.0.0.1.example.org" ` + plain,
		"http://0.0.0.0:80":                 `endpoint "http://0.0.0.0:80" ` + plain,
		"":                                  `endpoint "" does not begin with https://; ` + use,
		"cloud.dbos.dev":                    `endpoint "cloud.dbos.dev" does not begin with https://; ` + use,
		"localhost:8080":                    `endpoint "localhost:8080" does not begin with https://; ` + use,
		"ftp://cloud.dbos.dev":              `endpoint "ftp://cloud.dbos.dev" does not begin with https://; ` + use,
		"https:cloud.dbos.dev":              `endpoint "https:cloud.dbos.dev" does not begin with https://; ` + use,
		"https://":                          `endpoint "https://" has no host; ` + use,
		"https://:443":                      `endpoint "https://:443" has no host; ` + use,
		"https://a b":                       `endpoint "https://a b" is not a URL; ` + use,
		"https://cloud.dbos.dev:0":          `endpoint "https://cloud.dbos.dev:0" has a port that is out of range; use 1 to 65535`,
		"https://cloud.dbos.dev:99999":      `endpoint "https://cloud.dbos.dev:99999" has a port that is out of range; use 1 to 65535`,
		"https://cloud.dbos.dev/v1alpha1/":  `endpoint "https://cloud.dbos.dev/v1alpha1/" ends in /v1alpha1, which the provider adds itself; leave it out`,
		"https://zqx:jwvk@cloud.dbos.dev":   "the endpoint has a user name or password in front of its host; leave them out and give the login in token or refresh_token",
		"zqx:jwvk@cloud.dbos.dev":           "the endpoint does not begin with https://; " + use,
		"https://zqx:jw vk@cloud.dbos.dev":  "the endpoint is not a URL; " + use,
		"https://cloud.dbos.dev?zqx=jwvk":   "the endpoint has a query after a question mark; leave it out",
		"https://cloud.dbos.dev?":           "the endpoint has a query after a question mark; leave it out",
		"https://cloud.dbos.dev/#zqx":       "the endpoint has a fragment after a number sign; leave it out",
	} {
		wiretest.ExpectMessage(t, CheckEndpoint(endpoint), want)
	}
	for endpoint, want := range map[string]string{
		"https://login.dbos.dev":     "",
		"http://127.0.0.1:9000":      "",
		"http://login.dbos.dev":      `auth endpoint "http://login.dbos.dev" ` + plain,
		"login.dbos.dev":             `auth endpoint "login.dbos.dev" does not begin with https://; use a URL such as https://login.dbos.dev`,
		"https://zqx@login.dbos.dev": "the auth endpoint has a user name or password in front of its host; leave them out and give the login in token or refresh_token",
	} {
		wiretest.ExpectMessage(t, CheckAuthEndpoint(endpoint), want)
	}
}
