// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// TestSecretsOfOtherCalls makes a server echo secrets of another call, another client and the login, in every kind of
// answer.
func TestSecretsOfOtherCalls(t *testing.T) {
	t.Parallel()
	const (
		password = "kanary-password-<1>"
		value    = "kanary-value-\"2\""
		variable = "kanary-variable-3"
		token    = "kanary-4.e30.token"
		refresh  = "kanary-5-refresh"
	)
	silent, _ := wired(t, wiretest.OK(""), func(cfg *Config) {
		cfg.Login = Login{Token: token, RefreshToken: refresh}
	})
	if err := errors.Join(silent.SetInstancePassword(t.Context(), "pg_main", password), silent.SetSecret(t.Context(), "shop", "KEY", value)); err != nil {
		t.Fatal(err)
	}
	KeepSecret(variable)
	all := strings.Join([]string{password, value, variable, token, refresh, "postgresql://dbosadmin:kanary@db.example/shop"}, " ")
	quoted, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"message":     wiretest.Say(400, fmt.Sprintf(`{"message":%s,"statusCode":400,"requestID":%s}`, quoted, quoted)),
		"detail":      wiretest.Say(400, fmt.Sprintf(`{"message":"failed","DetailedError":%s}`, quoted)),
		"page":        wiretest.Say(502, "<html>"+html.EscapeString(all)),
		"plain page":  wiretest.Say(403, "<html>"+all),
		"odd success": wiretest.OK(`{"Name":["` + url.QueryEscape(all) + `"]}`),
		"other name":  wiretest.OK(fmt.Sprintf(`{"Name":%s}`, quoted)),
		"cut off":     wiretest.OK(`{"Name":"kanary-passwo`),
		"header": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", all)
			w.Header().Set("Retry-After", all)
			wiretest.Say(429, "")(w, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := &wiretest.Journal{}
				c, _ := wired(t, answer, func(cfg *Config) { cfg.Logger = log.Logger() })
				_, err := c.FreshApplication(t.Context(), "shop")
				if err == nil {
					t.Fatal("no error")
				}
				text := err.Error() + log.String()
				if e := (*Error)(nil); errors.As(err, &e) {
					text += e.Message + e.Detail + e.RequestID
				}
				if strings.Contains(text, "kanary") {
					t.Errorf("a secret is shown: %s", text)
				}
			})
		})
	}
}
