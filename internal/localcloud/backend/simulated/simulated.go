// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package simulated is a backend without servers.
package simulated

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// Backend answers as a backend with servers would. It keeps no state.
type Backend struct{}

// Address is the made-up address of an instance. Its host name resolves nowhere, so that no client logs in to another
// server by mistake.
func (Backend) Address(instance string) backend.Address {
	return backend.Address{Host: strings.ReplaceAll(instance, "_", "-") + ".simulated.invalid", Port: 5432}
}

// Provision answers at once.
func (b Backend) Provision(ctx context.Context, instance string, _ backend.Role) (backend.Address, error) {
	return b.Address(instance), ctx.Err()
}

// SetPassword forgets the password.
func (Backend) SetPassword(ctx context.Context, _ string, _ backend.Role) error { return ctx.Err() }

// RestorableSince is the zero time: the backend adds no bound of its own.
func (Backend) RestorableSince(string) (time.Time, error) { return time.Time{}, nil }

// Restore answers at once.
func (b Backend) Restore(ctx context.Context, _, target string, _ time.Time) (backend.Address, error) {
	return b.Address(target), ctx.Err()
}

// Destroy has nothing to remove.
func (Backend) Destroy(ctx context.Context, _ string) error { return ctx.Err() }

// Resume answers the address that Provision answered.
func (b Backend) Resume(ctx context.Context, instance string) (backend.Address, error) {
	return b.Address(instance), ctx.Err()
}

// Close has nothing to stop.
func (Backend) Close(context.Context) error { return nil }

// CheckLink refuses the password "wrong-password", so that tests can provoke a refused login.
func (Backend) CheckLink(ctx context.Context, _ backend.Address, role backend.Role) error {
	if role.Password == wrongPassword {
		return fmt.Errorf("password authentication failed for user %q", role.Name)
	}
	return ctx.Err()
}

const wrongPassword = "wrong-password"

// CreateDatabase makes nothing.
func (Backend) CreateDatabase(ctx context.Context, _ backend.Target, _ string) error {
	return ctx.Err()
}

// DropDatabase drops nothing.
func (Backend) DropDatabase(ctx context.Context, _ backend.Target, _ string) error { return ctx.Err() }

// Migrate runs nothing. The command "false" fails, so that tests can provoke a failed migration.
func (Backend) Migrate(ctx context.Context, m backend.Migration) (string, error) {
	var output strings.Builder
	for _, command := range m.Commands {
		fmt.Fprintf(&output, "simulated: %s\n", command)
		if command == "false" {
			return output.String(), &backend.CommandError{Command: command, Reason: "exit status 1"}
		}
	}
	return output.String(), ctx.Err()
}
