// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package simulated is a backend with nothing behind it.
package simulated

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// Backend follows the rules of a backend and runs no server. It keeps no state of its own.
type Backend struct{}

// Address is where the server of an instance would listen. The host does not resolve on any machine, so that no client
// logs in to a server that happens to listen here.
func (Backend) Address(instance string) backend.Address {
	return backend.Address{Host: strings.ReplaceAll(instance, "_", "-") + ".simulated.invalid", Port: 5432}
}

// Provision answers at once.
func (b Backend) Provision(ctx context.Context, instance string, _ backend.Role) (backend.Address, error) {
	return b.Address(instance), ctx.Err()
}

// SetPassword forgets the password.
func (Backend) SetPassword(ctx context.Context, _ string, _ backend.Role) error { return ctx.Err() }

// RestorableSince is the zero time: the server's own bounds are all there are.
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

// CheckLink refuses the password "wrong-password", so that a refusal can be rehearsed where there is no server to
// refuse.
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

// Migrate runs nothing. The command "false" fails all the same, for rehearsals.
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
