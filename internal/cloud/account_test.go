// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

func noOrganization(cfg *Config) { cfg.Organization = "" }

const profile = `{"Name":"alice","Email":"alice@example.com","Organization":"acme","SubscriptionPlan":"pro"}`

// newerProfile has the fields that only newer servers send.
const newerProfile = `{"Name":"alice","Email":"alice@example.com","Organization":"acme","SubscriptionPlan":"pro","IsOrgAdmin":false,"CreatedAt":"2026-11-25T01:02:03Z"}`

func TestAccountOfANewerServer(t *testing.T) {
	t.Parallel()
	c, _ := wired(t, wiretest.OK(newerProfile), noOrganization)
	got, err := c.Account(t.Context())
	if err != nil || got.OrganizationAdmin == nil || *got.OrganizationAdmin || got.CreatedAt != "2026-11-25T01:02:03Z" {
		t.Errorf("account is %+v, %v", got, err)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	c, w := wired(t, wiretest.OK(`{"OrgName":"acme","UserNames":["bob","alice"]}`))
	got, err := c.Users(t.Context())
	if err != nil || !slices.Equal(got, []string{"alice", "bob"}) {
		t.Errorf("users are %v, %v", got, err)
	}
	w.Expect(t, "GET /acme/users")

	c, _ = wired(t, wiretest.OK(`{}`))
	if got, err := c.Users(t.Context()); err == nil {
		t.Errorf("an answer without users is %v", got)
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	c, w := wired(t, wiretest.OK(profile), noOrganization)
	got, err := c.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (Account{Name: "alice", Email: "alice@example.com", Organization: "acme", SubscriptionPlan: "pro"}); *got != want {
		t.Errorf("account is %+v, want %+v", *got, want)
	}
	w.Expect(t, "GET /user/profile")
}

func TestAccountIsMissing(t *testing.T) {
	t.Parallel()
	c, _ := wired(t, wiretest.Refuse(404, "user not found in DBOS Cloud"), noOrganization)
	_, err := c.FreshInstance(t.Context(), "user")
	wiretest.ExpectError(t, err, `"user not found in DBOS Cloud"`, "GET /v1alpha1/user/profile")
	if IsNotFound(err) {
		t.Error("a missing account makes every instance look deleted")
	}
}

func TestOrganizationWithoutAsking(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ configured, login, want string }{
		"configured": {"acme", "other", "acme"},
		"login's":    {"", "other", "other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := wired(t, nil, func(cfg *Config) { cfg.Organization, cfg.Login.Organization = test.configured, test.login })
			if got, err := c.Organization(t.Context()); got != test.want || err != nil {
				t.Errorf("organization is %q, %v", got, err)
			}
			w.Expect(t)
		})
	}
}

func TestOrganizationIsAskedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := wired(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			wiretest.OK(profile)(w, r)
		}, noOrganization)
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			// This caller starts the shared question and leaves.
			if _, err := c.Organization(impatient); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the impatient one got %v", err)
			}
		})
		synctest.Wait()
		for range 20 {
			all.Go(func() {
				if got, err := c.Organization(t.Context()); got != "acme" || err != nil {
					t.Errorf("organization is %q, %v", got, err)
				}
			})
		}
		all.Wait()
		if got, err := c.Organization(t.Context()); got != "acme" || err != nil {
			t.Errorf("later, organization is %q, %v", got, err)
		}
		w.Expect(t, "GET /user/profile")
	})
}

func TestOrganizationIsAskedOnceByMany(t *testing.T) {
	t.Parallel()
	for range 500 {
		var asked atomic.Int64
		var r remembered[string]
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				got, err := r.get(t.Context(), func(context.Context) (string, error) { asked.Add(1); return "acme", nil })
				if got != "acme" || err != nil {
					t.Errorf("organization is %q, %v", got, err)
				}
			})
		}
		all.Wait()
		if n := asked.Load(); n != 1 {
			t.Fatalf("it is asked %d times", n)
		}
	}
}

func TestOrganizationIsAskedAgainAfterALeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := wired(t, wiretest.Hang, noOrganization)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Organization(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		w.Answer(wiretest.OK(profile))
		if got, err := c.Organization(t.Context()); got != "acme" || err != nil {
			t.Errorf("organization is %q, %v", got, err)
		}
	})
}

func TestOrganizationIsAskedAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"refused": wiretest.Refuse(403, "no"),
		"empty":   wiretest.OK(`{"Name":"alice"}`),
		"odd":     wiretest.OK(`{}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := wired(t, wiretest.InTurn(answer, wiretest.OK(profile)), noOrganization)
			if got, err := c.Organization(t.Context()); err == nil {
				t.Errorf("organization is %q", got)
			}
			if got, err := c.Organization(t.Context()); got != "acme" || err != nil {
				t.Errorf("organization is %q, %v", got, err)
			}
		})
	}
}
