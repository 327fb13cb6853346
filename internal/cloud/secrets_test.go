// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// TestSecrets also checks that reads share a list until a write to that application, whatever its outcome.
func TestSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, wiretest.Script{
			"GET /acme/applications/shop/secrets": {wiretest.OK(`["B_KEY","A_KEY"]`), wiretest.OK(`null`), wiretest.OK(`["C_KEY"]`)},
			"GET /acme/applications/bank/secrets": {wiretest.OK(`["D_KEY"]`), wiretest.OK(`null`)},
			"GET /acme/applications/gone/secrets": {wiretest.Refuse(404, "application gone not found")},
			"POST /acme/applications/secrets":     {wiretest.Refuse(400, "no")},
		})
		for application, want := range map[string][]string{"shop": {"A_KEY", "B_KEY"}, "bank": {"D_KEY"}} {
			var readers sync.WaitGroup
			for range 20 {
				readers.Go(func() {
					if got, err := c.Secrets(t.Context(), application); err != nil || !slices.Equal(got, want) {
						t.Errorf("%s: %q, %v", application, got, err)
					}
				})
			}
			readers.Wait()
		}
		if got, err := c.FreshSecrets(t.Context(), "shop"); err != nil || len(got) != 0 {
			t.Errorf("none: %q, %v", got, err)
		}
		if err := c.SetSecret(t.Context(), "shop", "C_KEY", "value"); err == nil {
			t.Error("what the service refused is a success")
		}
		if got, err := c.Secrets(t.Context(), "shop"); err != nil || !slices.Equal(got, []string{"C_KEY"}) {
			t.Errorf("after a write: %q, %v", got, err)
		}
		if got, err := c.Secrets(t.Context(), "bank"); err != nil || !slices.Equal(got, []string{"D_KEY"}) {
			t.Errorf("after a write to another application: %q, %v", got, err)
		}
		if _, err := c.Secrets(t.Context(), "gone"); !IsNotFound(err) {
			t.Errorf("gone: %v", err)
		}
	})
}

// TestHasSecret checks that one list without a secret is not believed.
func TestHasSecret(t *testing.T) {
	t.Parallel()
	with, without := wiretest.OK(`["KEY"]`), wiretest.OK(`["OTHER"]`)
	for name, test := range map[string]struct {
		lists wiretest.Answers
		has   bool
		calls int
	}{
		"listed":        {wiretest.Answers{with}, true, 1},
		"omitted once":  {wiretest.Answers{without, with}, true, 2},
		"gone":          {wiretest.Answers{without, without}, false, 2},
		"null for once": {wiretest.Answers{wiretest.OK("null"), with}, true, 2},
	} {
		c, w := scripted(t, wiretest.Script{"GET /acme/applications/shop/secrets": test.lists})
		if has, err := c.HasSecret(t.Context(), "shop", "KEY"); has != test.has || err != nil {
			t.Errorf("%s: %t, %v", name, has, err)
		}
		if n := w.Count("GET /acme/applications/shop/secrets"); n != test.calls {
			t.Errorf("%s: %d calls, want %d", name, n, test.calls)
		}
	}
	c, _ := scripted(t, wiretest.Script{"GET /acme/applications/shop/secrets": {noShop}})
	if _, err := c.HasSecret(t.Context(), "shop", "KEY"); !IsNotFound(err) {
		t.Errorf("without the application: %v", err)
	}
}

// TestFreshSecrets shares a list among those who ask at the same time. Nobody gets one that was asked for before a
// write.
func TestFreshSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lists = "GET /acme/applications/shop/secrets"
		var mu sync.Mutex
		names := `["A_KEY"]`
		c, w := wired(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if r.Method == http.MethodPost {
				names = `["A_KEY","B_KEY"]`
				wiretest.OK("")(w, r)
				return
			}
			answer := names
			mu.Unlock()
			time.Sleep(10 * time.Second)
			mu.Lock()
			wiretest.OK(answer)(w, r)
		})
		var all sync.WaitGroup
		read := func(want ...string) {
			all.Go(func() {
				if got, err := c.FreshSecrets(t.Context(), "shop"); err != nil || !slices.Equal(got, want) {
					t.Errorf("%q, %v, want %q", got, err, want)
				}
			})
		}
		for range 3 {
			read("A_KEY")
		}
		time.Sleep(time.Second)
		if err := c.SetSecret(t.Context(), "shop", "B_KEY", "value"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			read("A_KEY", "B_KEY")
		}
		all.Wait()
		if got := w.Count(lists); got != 2 {
			t.Errorf("%d lists, want one before the write and one after it", got)
		}
		read("A_KEY", "B_KEY")
		all.Wait()
		if got := w.Count(lists); got != 3 {
			t.Errorf("%d lists: the last one asked for nothing", got)
		}
	})
}

// TestCreateSecretsTogether makes secrets at the same time: they are written one after another, and looked up at once.
func TestCreateSecretsTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := wired(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(10 * time.Millisecond)
			wiretest.OK(`["A_KEY","B_KEY","C_KEY"]`)(w, r)
		})
		create := func(names ...string) {
			var all sync.WaitGroup
			for _, name := range names {
				all.Go(func() {
					if err := c.CreateSecret(t.Context(), "shop", name, "value"); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		create("A_KEY", "B_KEY", "C_KEY")
		if lists, writes := w.Count("GET /acme/applications/shop/secrets"), len(w.Writes()); lists != 1 || writes != 3 {
			t.Errorf("%d lists and %d writes, want 1 and 3", lists, writes)
		}

		// A long write to the application, before or after a secret's own, does not hold up the secret for as long.
		var others, made sync.WaitGroup
		writeFor := func(length time.Duration) {
			others.Go(func() {
				leave, err := c.enterApplication(t.Context(), "shop")
				if err != nil {
					t.Error(err)
					return
				}
				defer leave()
				time.Sleep(length)
			})
			synctest.Wait()
		}
		writeFor(time.Minute)
		made.Go(func() { create("A_KEY") })
		synctest.Wait()
		writeFor(time.Hour)
		begun := time.Now()
		made.Wait()
		if took := time.Since(begun); took > 2*time.Minute {
			t.Errorf("the secret took %v", took)
		}
		others.Wait()
	})
}

func TestBrokenSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, wiretest.Script{"GET /acme/applications/shop/secrets": {wiretest.OK(`{}`)}})
		if got, err := c.Secrets(t.Context(), "shop"); err == nil {
			t.Errorf("an object for a list: %q", got)
		}
	})
}

// TestSetSecret also makes the server repeat the value in its refusal. Neither the error nor the log may show it.
func TestSetSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &wiretest.Journal{}
		c, w := wired(t, wiretest.InTurn(
			wiretest.Lose, wiretest.BadGateway, wiretest.Busy, wiretest.OK(``), wiretest.Refuse(400, `no such value: zqxj <&> wvk`),
		), func(cfg *Config) { cfg.Logger = log.Logger() })
		if err := c.SetSecret(t.Context(), "shop", "API_KEY", "zqxj <&> wvk"); err != nil {
			t.Error(err)
		}
		err := c.SetSecret(t.Context(), "shop", "API_KEY", "zqxj <&> wvk")
		wiretest.ExpectMessage(t, err, `DBOS Cloud answered "no such value: (hidden)" (400 Bad Request to POST /v1alpha1/acme/applications/secrets, request ID req-400)`)
		const call = `POST /acme/applications/secrets {"ApplicationName":"shop","SecretName":"API_KEY","ClearSecretValue":"zqxj <&> wvk"}`
		w.ExpectWrites(t, call, call, call, call, call)
		if log.String() == "" || strings.Contains(log.String(), "zqxj") {
			t.Errorf("log: %s", log)
		}
	})
}

func TestDeleteSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const shop, gone = "DELETE /acme/applications/shop/secrets/", "DELETE /acme/applications/gone/secrets/"
		c, w := scripted(t, wiretest.Script{
			shop + "API_KEY":              {wiretest.Lose, wiretest.Say(204, "")},
			shop + "GONE":                 {wiretest.Refuse(404, "secret GONE not found")},
			shop + "a%2Fb":                {wiretest.Say(204, "")},
			shop + "HELD":                 {wiretest.Refuse(400, "it is held")},
			gone + "API_KEY":              {wiretest.Refuse(400, "application gone not found")},
			"GET /acme/applications/gone": {wiretest.Refuse(404, "application gone not found")},
			"GET /acme/applications/shop": {wiretest.OK(shopJSON)},
		})
		for _, secret := range [][2]string{{"shop", "API_KEY"}, {"shop", "GONE"}, {"shop", "a/b"}, {"gone", "API_KEY"}} {
			if err := c.DeleteSecret(t.Context(), secret[0], secret[1]); err != nil {
				t.Error(err)
			}
		}
		wiretest.ExpectMessage(t, c.DeleteSecret(t.Context(), "shop", "HELD"),
			`DBOS Cloud answered "it is held" (400 Bad Request to DELETE /v1alpha1/acme/applications/shop/secrets/HELD, request ID req-400)`)
		w.ExpectWrites(t, shop+"API_KEY ", shop+"API_KEY ", shop+"GONE ", shop+"a%2Fb ", gone+"API_KEY ", shop+"HELD ")
	})
}
