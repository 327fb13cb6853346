// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/share"
)

// Account is the user that the login belongs to.
type Account struct {
	Name              string
	Email             string
	Organization      string
	SubscriptionPlan  string
	OrganizationAdmin *bool  // nil if the server does not tell
	CreatedAt         string // as the server writes it; "" if it does not tell
}

// Account asks for the profile of the login.
func (c *Client) Account(ctx context.Context) (*Account, error) {
	profile, err := api.Do[profileRecord](ctx, c.api, api.Request{Method: "GET", Global: true, Path: []string{"user", "profile"}})
	if err != nil {
		return nil, err
	}
	return &Account{
		Name: profile.Name, Email: profile.Email, Organization: profile.Organization, SubscriptionPlan: profile.SubscriptionPlan,
		OrganizationAdmin: profile.IsOrgAdmin, CreatedAt: profile.CreatedAt,
	}, nil
}

// profileRecord is the answer to GET /user/profile. Only the service's editor extension reads the last two fields.
type profileRecord struct {
	Name, Email, Organization, SubscriptionPlan string
	IsOrgAdmin                                  *bool
	CreatedAt                                   string
}

func (p profileRecord) Check() error {
	if p == (profileRecord{}) {
		return errors.New("none of the fields of a profile is there")
	}
	return nil
}

// Users lists the names of the organization's users, sorted.
func (c *Client) Users(ctx context.Context) ([]string, error) {
	record, err := api.Do[usersRecord](ctx, c.api, api.Request{Method: "GET", Path: []string{"users"}})
	if err != nil {
		return nil, err
	}
	slices.Sort(record.UserNames)
	return record.UserNames, nil
}

type usersRecord struct {
	OrgName   string
	UserNames []string
}

func (u usersRecord) Check() error {
	if u.OrgName == "" && u.UserNames == nil {
		return errors.New("there are no UserNames")
	}
	return nil
}

// Organization returns the configured organization, or the profile's. It asks for the profile once and remembers the
// answer, but not a failure.
func (c *Client) Organization(ctx context.Context) (string, error) {
	return c.organization.get(ctx, func(ctx context.Context) (string, error) {
		account, err := c.Account(ctx)
		if err != nil {
			return "", err
		}
		if account.Organization == "" {
			return "", errors.New("the profile of this login has no organization")
		}
		return account.Organization, nil
	})
}

// remembered is a value that is asked for once. Concurrent callers share the question, and later ones get the
// remembered answer.
type remembered[T comparable] struct {
	mu     sync.Mutex
	value  T
	asking share.Call[T]
}

func (r *remembered[T]) get(ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	if value, known := r.known(); known {
		return value, nil
	}
	return r.asking.Do(ctx, func(ctx context.Context) (T, error) {
		if value, known := r.known(); known {
			return value, nil
		}
		value, err := ask(ctx)
		if err == nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.value = value
		}
		return value, err
	})
}

func (r *remembered[T]) known() (value T, known bool) {
	var none T
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.value, r.value != none
}
