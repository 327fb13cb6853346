// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"fmt"
	"strings"
	"time"
)

func init() {
	backends["simulated"] = func(context.Context, backendOptions) (Backend, error) { return simulated{}, nil }
}

// simulated is a backend with nothing behind. It remembers nothing either: what
// there is to know of an instance is in the server's state.
type simulated struct{}

// The host names lead nowhere on any machine, so that no client logs in to a
// server that happens to listen here.
func (simulated) address(instance string) Address {
	return Address{Host: strings.ReplaceAll(instance, "_", "-") + ".simulated.invalid", Port: 5432}
}

func (b simulated) Provision(ctx context.Context, instance string, _ Role) (Address, error) {
	return b.address(instance), ctx.Err()
}

func (simulated) SetPassword(ctx context.Context, _ string, _ Role) error { return ctx.Err() }

// RestorableSince is the zero time: the server's own bounds are all there are.
func (simulated) RestorableSince(string) (time.Time, error) { return time.Time{}, nil }

func (b simulated) Restore(ctx context.Context, _, target string, _ time.Time) (Address, error) {
	return b.address(target), ctx.Err()
}

func (simulated) Destroy(ctx context.Context, _ string) error { return ctx.Err() }

func (b simulated) Resume(ctx context.Context, instance string) (Address, error) {
	return b.address(instance), ctx.Err()
}

func (simulated) Close(context.Context) error { return nil }

// CheckLink refuses the password "wrong-password", so that a refusal can be
// rehearsed where there is no server to refuse.
func (simulated) CheckLink(ctx context.Context, _ Address, role Role) error {
	if role.Password == wrongPassword {
		return fmt.Errorf("password authentication failed for user %q", role.Name)
	}
	return ctx.Err()
}

const wrongPassword = "wrong-password"

func (simulated) CreateDatabase(ctx context.Context, _ Target, _ string) error { return ctx.Err() }

func (simulated) DropDatabase(ctx context.Context, _ Target, _ string) error { return ctx.Err() }

// Migrate runs nothing. The command "false" fails all the same, for rehearsals.
func (simulated) Migrate(ctx context.Context, m Migration) (string, error) {
	var output strings.Builder
	for _, command := range m.Commands {
		fmt.Fprintf(&output, "simulated: %s\n", command)
		if command == "false" {
			return output.String(), &CommandError{Command: command, Reason: "exit status 1"}
		}
	}
	return output.String(), ctx.Err()
}
