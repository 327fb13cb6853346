// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// TestSecrets also checks that reads share a list until a write to that application, whatever its outcome.
func TestSecrets(t *testing.T) {
	t.Parallel()
	client, _ := scripted(t, map[string][]reply{
		"GET /applications/shop/secrets": {ok(`["B_KEY","A_KEY"]`), ok(`null`), ok(`["C_KEY"]`)},
		"GET /applications/bank/secrets": {ok(`["D_KEY"]`), ok(`null`)},
		"GET /applications/gone/secrets": {refusal(404, "application gone not found")},
		"POST /applications/secrets":     {refusal(400, "no")},
	})
	for application, want := range map[string][]string{"shop": {"A_KEY", "B_KEY"}, "bank": {"D_KEY"}} {
		var readers sync.WaitGroup
		for range 20 {
			readers.Go(func() {
				if got, err := client.Secrets(limited(t), application); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s: %q, %v", application, got, err)
				}
			})
		}
		readers.Wait()
	}
	if got, err := client.FreshSecrets(limited(t), "shop"); err != nil || len(got) != 0 {
		t.Errorf("none: %q, %v", got, err)
	}
	if err := client.SetSecret(limited(t), "shop", "C_KEY", "value"); err == nil {
		t.Error("what the service refused is a success")
	}
	if got, err := client.Secrets(limited(t), "shop"); err != nil || !slices.Equal(got, []string{"C_KEY"}) {
		t.Errorf("after a write: %q, %v", got, err)
	}
	if got, err := client.Secrets(limited(t), "bank"); err != nil || !slices.Equal(got, []string{"D_KEY"}) {
		t.Errorf("after a write to another application: %q, %v", got, err)
	}
	if _, err := client.Secrets(limited(t), "gone"); !cloud.IsNotFound(err) {
		t.Errorf("gone: %v", err)
	}
}

func TestBrokenSecrets(t *testing.T) {
	t.Parallel()
	client, _ := scriptedFor(t, 100*time.Millisecond, map[string][]reply{"GET /applications/shop/secrets": {ok(`{}`)}})
	if got, err := client.Secrets(limited(t), "shop"); err == nil {
		t.Errorf("an object for a list: %q", got)
	}
}

// TestSetSecret also makes the server repeat the value in its refusal. Neither the error nor the log may show it.
func TestSetSecret(t *testing.T) {
	t.Parallel()
	client, s := scripted(t, map[string][]reply{"POST /applications/secrets": {
		lost, badGateway, busy, ok(``), refusal(400, `no such value: zqxj <&> wvk`),
	}})
	if err := client.SetSecret(limited(t), "shop", "API_KEY", "zqxj <&> wvk"); err != nil {
		t.Error(err)
	}
	err := client.SetSecret(limited(t), "shop", "API_KEY", "zqxj <&> wvk")
	says(t, err, `DBOS Cloud answered "no such value: (hidden)" (400 Bad Request to POST /v1alpha1/acme/applications/secrets, request ID req-7)`)
	const call = `POST /applications/secrets {"ApplicationName":"shop","SecretName":"API_KEY","ClearSecretValue":"zqxj <&> wvk"}`
	s.expect(t, call, call, call, call, call)
	if log := s.logged(); log == "" || strings.Contains(log, "zqxj") {
		t.Errorf("log: %s", log)
	}
}

func TestDeleteSecret(t *testing.T) {
	t.Parallel()
	const shop, gone = "DELETE /applications/shop/secrets/", "DELETE /applications/gone/secrets/"
	client, s := scripted(t, map[string][]reply{
		shop + "API_KEY":         {lost, {204, ""}},
		shop + "GONE":            {refusal(404, "secret GONE not found")},
		shop + "a%2Fb":           {{204, ""}},
		shop + "HELD":            {refusal(400, "it is held")},
		gone + "API_KEY":         {refusal(400, "application gone not found")},
		"GET /applications/gone": {refusal(404, "application gone not found")},
		"GET /applications/shop": {ok(shopJSON)},
	})
	for _, secret := range [][2]string{{"shop", "API_KEY"}, {"shop", "GONE"}, {"shop", "a/b"}, {"gone", "API_KEY"}} {
		if err := client.DeleteSecret(limited(t), secret[0], secret[1]); err != nil {
			t.Error(err)
		}
	}
	says(t, client.DeleteSecret(limited(t), "shop", "HELD"),
		`DBOS Cloud answered "it is held" (400 Bad Request to DELETE /v1alpha1/acme/applications/shop/secrets/HELD, request ID req-7)`)
	s.expect(t, shop+"API_KEY ", shop+"API_KEY ", shop+"GONE ", shop+"a%2Fb ", gone+"API_KEY ", shop+"HELD ")
}
