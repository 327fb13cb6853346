// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"
)

// Secrets reads the names of an application's secrets, sorted, from a list that
// concurrent reads share. No call answers a value.
func (c *Client) Secrets(ctx context.Context, application string) ([]string, error) {
	return c.secretsOf(application).all(ctx)
}

// FreshSecrets asks for the names now.
func (c *Client) FreshSecrets(ctx context.Context, application string) ([]string, error) {
	return c.listSecrets(ctx, application, read)
}

func (c *Client) listSecrets(ctx context.Context, application string, how kind) ([]string, error) {
	r := request{kind: how, method: "GET", path: []string{"applications", application, "secrets"}, object: application}
	names, err := do[[]string](ctx, c, r)
	slices.Sort(names)
	return names, err
}

// secretsOf is what the reads of one application's secrets share. They are only
// ever listed: no call asks for one.
func (c *Client) secretsOf(application string) *snapshot[string] {
	c.secretsMu.Lock()
	defer c.secretsMu.Unlock()
	shared := c.secrets[application]
	if shared == nil {
		shared = newSnapshot(objects[string]{
			noun: "secret",
			list: func(ctx context.Context, how kind) ([]string, error) { return c.listSecrets(ctx, application, how) },
			name: func(name string) string { return name },
		}, c.timing)
		c.secrets[application] = shared
	}
	return shared
}

// SetSecret creates or replaces a secret. It takes effect at the next deploy.
func (c *Client) SetSecret(ctx context.Context, application, name, value string) error {
	leave, err := c.enterApplication(ctx, application)
	if err != nil {
		return err
	}
	defer leave()
	return c.tell(ctx, request{
		kind: harmless, method: "POST", path: []string{"applications", "secrets"}, object: application,
		body:    struct{ ApplicationName, SecretName, ClearSecretValue string }{application, name, value},
		secrets: []string{value},
	})
}

// DeleteSecret deletes a secret. One that is gone already, alone or with its
// application, is a success.
func (c *Client) DeleteSecret(ctx context.Context, application, name string) error {
	leave, err := c.enterApplication(ctx, application)
	if err != nil {
		return err
	}
	defer leave()
	err = c.tell(ctx, request{
		kind: harmless, method: "DELETE", path: []string{"applications", application, "secrets", name}, object: name,
	})
	if err == nil || IsNotFound(err) {
		return nil
	}
	if _, lookErr := c.FreshApplication(ctx, application); IsNotFound(lookErr) {
		return nil
	}
	return err
}
