// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Until is what a wait is for.
type Until int

const (
	// Created waits until a new instance is ready. In the first moments it may not be found.
	Created Until = iota
	// Ready waits until an instance is ready, which one that has been there before mostly is at the first look. Not found is
	// an error.
	Ready
	// ReadyAgain waits until an instance is ready after a credentials call. The first answers may be of before that call,
	// so that ready counts once another status was seen, or after it has lasted for some seconds.
	ReadyAgain
	// Gone waits until the API says that there is no such instance.
	Gone
)

// WaitInstance waits for an instance. The deadline is that of ctx, whose end is part of the error, a [*WaitError].
func (c *Client) WaitInstance(ctx context.Context, name string, until Until) (*Instance, error) {
	// What others read meanwhile is older than what the caller has waited for.
	defer c.instances.invalidate()
	var g condition[Instance]
	switch until {
	case Gone:
		g.gone = true
	case ReadyAgain:
		g = condition[Instance]{reached: readyAgain(c.timing.Settled), deadEnd: Instance.deadEnd}
	default:
		ready := func(i Instance, _ time.Time) bool { return i.Available() }
		g = condition[Instance]{reached: ready, deadEnd: Instance.deadEnd, fresh: until == Created, soon: until == Ready}
	}
	return waitFor(ctx, c.instanceWaits, name, g)
}

// readyAgain is ready after another status, or for long enough.
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

// deadEnds are the statuses of Amazon RDS from which an instance does not become ready by itself.
var deadEnds = []string{
	"deleting", "failed", "storage-full", "inaccessible-encryption-credentials", "insufficient-capacity", "restore-error",
	"incompatible-create", "incompatible-credentials", "incompatible-network", "incompatible-option-group",
	"incompatible-parameters", "incompatible-restore",
}

func (i Instance) deadEnd() bool { return slices.Contains(deadEnds, strings.ToLower(i.Status)) }
