// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"fmt"
	"sync"
	"testing"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	want(t, s, "GET", "applications/shop/secrets", "", 200, `[]`)
	want(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"ZETA","ClearSecretValue":"1"}`, 200, "")
	want(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"API_KEY","ClearSecretValue":"1"}`, 200, "")
	want(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"API_KEY","ClearSecretValue":"a \"new\" value"}`, 200, "")
	want(t, s, "GET", "applications/shop/secrets", "", 200, `["API_KEY","ZETA"]`)
	s = restart(t, s)
	want(t, s, "GET", "applications/shop/secrets", "", 200, `["API_KEY","ZETA"]`)
	want(t, s, "DELETE", "applications/shop/secrets/ZETA", "", 204, "")
	wantRefusal(t, s, "DELETE", "applications/shop/secrets/ZETA", "", 404, "secret ZETA not found")
	want(t, s, "GET", "applications/shop/secrets", "", 200, `["API_KEY"]`)
	a, err := s.findApplication("shop")
	if err != nil || a.Secrets["API_KEY"] != `a "new" value` {
		t.Errorf("the secrets are %v: %v", a.Secrets, err)
	}
	for name, message := range map[string]string{
		"":                  "SecretName is missing",
		"1A":                `invalid secret name "1A": it is not the name of an environment variable`,
		"A-B":               `invalid secret name "A-B": it is not the name of an environment variable`,
		"DBOS_DATABASE_URL": `invalid secret name "DBOS_DATABASE_URL": it is reserved`,
		"DBOS_APP_HOSTNAME": `invalid secret name "DBOS_APP_HOSTNAME": it is reserved`,
	} {
		wantRefusal(t, s, "POST", "applications/secrets",
			`{"ApplicationName":"shop","SecretName":"`+name+`","ClearSecretValue":"x"}`, 400, message)
	}
	wantRefusal(t, s, "POST", "applications/secrets", `{"ApplicationName":"shop","SecretName":"A"}`, 400, "ClearSecretValue is missing")
}

// Clients set secrets in parallel, and DBOS Cloud takes that.
func TestSecretsInParallel(t *testing.T) {
	t.Parallel()
	s := start(t)
	provision(t, s, "abc")
	register(t, s, "shop", "abc")
	const secrets = 200
	var calls sync.WaitGroup
	for n := range secrets {
		calls.Go(func() {
			resp, err := send(t, s, "POST", "/v1alpha1/local/applications/secrets",
				fmt.Sprintf(`{"ApplicationName":"shop","SecretName":"KEY_%d","ClearSecretValue":"x"}`, n))
			if err != nil {
				t.Error(err)
				return
			}
			if status, answer := read(t, resp); status != 200 {
				t.Errorf("KEY_%d: %d %s", n, status, answer)
			}
		})
	}
	calls.Wait()
	if a, err := s.findApplication("shop"); err != nil || len(a.Secrets) != secrets {
		t.Errorf("the application has %d secrets: %v", len(a.Secrets), err)
	}
}
