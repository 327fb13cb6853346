// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Until says when a wait for an instance ends.
type Until int

const (
	// Created waits until a new instance is ready. The instance may not be found at first.
	Created Until = iota
	// Ready waits until an existing instance is ready. It looks at once, because most are. Not found is an error.
	Ready
	// ReadyAgain waits until an instance is ready after its password was set. The first answers may be older than that
	// call, so ready counts after another status, or after some seconds.
	ReadyAgain
	// Gone waits until the API says that there is no such instance.
	Gone
)

// WaitInstance waits for an instance. The wait ends with ctx. Its error is a [*WaitError].
func (c *Client) WaitInstance(ctx context.Context, name string, until Until) (*Instance, error) {
	// Lists that others have read meanwhile may be older than the result of this wait.
	defer c.instances.invalidate()
	end := condition[Instance]{
		reached: func(i Instance, _ time.Time) bool { return i.Available() },
		deadEnd: Instance.deadEnd, unseen: until == Created, soon: until == Ready,
	}
	switch until {
	case Gone:
		end = condition[Instance]{gone: true}
	case ReadyAgain:
		end.reached = readyAgain(c.timing.Settled)
	}
	return waitFor(ctx, c.instanceWaits, name, end)
}

// readyAgain accepts ready after another status, or after it has lasted for settled.
func readyAgain(settled time.Duration) func(Instance, time.Time) bool {
	var (
		other bool
		since time.Time
	)
	return func(i Instance, at time.Time) bool {
		switch {
		case !i.Available():
			other = true
			return false
		case since.IsZero():
			since = at
		}
		return other || at.Sub(since) >= settled
	}
}

// deadEnds are the statuses of Amazon RDS that an instance does not leave by itself to become ready.
var deadEnds = []string{
	"deleting", "failed", "storage-full", "inaccessible-encryption-credentials", "insufficient-capacity", "restore-error",
	"incompatible-create", "incompatible-credentials", "incompatible-network", "incompatible-option-group",
	"incompatible-parameters", "incompatible-restore",
}

func (i Instance) deadEnd() bool { return slices.Contains(deadEnds, strings.ToLower(i.Status)) }
