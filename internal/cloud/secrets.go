// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// Secrets reads the names of an application's secrets, sorted. Concurrent reads share one list call. No call returns a
// value.
func (c *Client) Secrets(ctx context.Context, application string) ([]string, error) {
	return c.secretsOf(application).all(ctx)
}

// FreshSecrets asks the API for the names now. Those who ask at the same time, such as creates of several secrets,
// share the call.
func (c *Client) FreshSecrets(ctx context.Context, application string) ([]string, error) {
	names, err := c.secretsOf(application).latest(ctx)
	return slices.Sorted(maps.Keys(names)), err
}

// HasSecret reports whether an application has a secret. Only the list tells, so a list without the secret is asked for
// again: one wrong answer must not make a secret count as deleted.
func (c *Client) HasSecret(ctx context.Context, application, name string) (bool, error) {
	names, err := c.Secrets(ctx, application)
	if err == nil && !slices.Contains(names, name) {
		names, err = c.FreshSecrets(ctx, application)
	}
	return slices.Contains(names, name), err
}

func (c *Client) listSecrets(ctx context.Context, application string, how api.Kind) ([]string, error) {
	r := api.Request{Kind: how, Method: "GET", Path: []string{"applications", application, "secrets"}, Object: applicationNamed(application)}
	names, err := api.Do[[]string](ctx, c.api, r)
	slices.Sort(names)
	return names, err
}

// secretsOf returns the cache of one application's secrets. The API lists secrets and has no call for a single one.
func (c *Client) secretsOf(application string) *cache[string] {
	c.secretsMu.Lock()
	defer c.secretsMu.Unlock()
	shared := c.secrets[application]
	if shared == nil {
		shared = newCache(reader[string]{
			noun: "secret",
			list: func(ctx context.Context, how api.Kind) ([]string, error) { return c.listSecrets(ctx, application, how) },
			name: func(name string) string { return name },
		}, c.timing)
		c.secrets[application] = shared
	}
	return shared
}

// CreateSecret sets a new secret and returns once the application's list shows it. If the service accepts the secret
// but the list does not show it within a minute, the error is an [*UnseenError].
func (c *Client) CreateSecret(ctx context.Context, application, name, value string) error {
	if err := c.SetSecret(ctx, application, name, value); err != nil {
		return err
	}
	// Several secrets that are made one after another are then looked up in one call.
	c.applicationWrites.await(ctx, application, c.timing.Poll)
	for begun := time.Now(); ; {
		names, err := c.FreshSecrets(ctx, application)
		switch {
		case slices.Contains(names, name):
			return nil
		case err != nil:
			return &UnseenError{"secret", name, err}
		case time.Since(begun) >= c.timing.Appearing:
			return &UnseenError{"secret", name, errors.New("it is not in the list of the application's secrets")}
		}
		if sleep(ctx, c.timing.PollPause(time.Since(begun))); ctx.Err() != nil {
			return &UnseenError{"secret", name, context.Cause(ctx)}
		}
	}
}

// SetSecret creates or replaces a secret. It takes effect at the next deploy.
func (c *Client) SetSecret(ctx context.Context, application, name, value string) error {
	leave, err := c.enterApplication(ctx, application)
	if err != nil {
		return err
	}
	defer leave()
	return c.api.Send(ctx, api.Request{
		Kind: api.IdempotentWrite, Method: "POST", Path: []string{"applications", "secrets"}, Object: applicationNamed(application),
		Body:    struct{ ApplicationName, SecretName, ClearSecretValue string }{application, name, value},
		Secrets: []string{value},
	})
}

// DeleteSecret deletes a secret. A secret that is gone already, alone or with its application, is a success.
func (c *Client) DeleteSecret(ctx context.Context, application, name string) error {
	leave, err := c.enterApplication(ctx, application)
	if err != nil {
		return err
	}
	defer leave()
	err = c.api.Send(ctx, api.Request{
		Kind: api.IdempotentWrite, Method: "DELETE", Path: []string{"applications", application, "secrets", name}, Object: api.Object{Noun: "secret", Name: name},
	})
	if err == nil || IsNotFound(err) {
		return nil
	}
	if _, lookErr := c.FreshApplication(ctx, application); IsNotFound(lookErr) {
		return nil
	}
	return err
}
