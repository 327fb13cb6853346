// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"time"
)

// Rollout is a deploy or a move that the service has accepted.
type Rollout struct {
	Version  string // that was accepted
	Replaces string // the version that ran before; "" before the first deploy
	Instance string // where a move leads to; "" for a deploy
	Leaves   string // the instance before a move
}

// Arrived reports whether the version is available on its instance.
func (r Rollout) Arrived(a Application) bool {
	return a.Available() && a.Version == r.Version && (r.Instance == "" || a.Instance == r.Instance)
}

// Over reports whether the wait can end: the version is available, or somebody else has deployed or moved the
// application since. While the replaced version still runs on the old instance, the rollout is under way.
func (r Rollout) Over(a Application) bool {
	underWay := (a.Version == r.Version || a.Version == r.Replaces) &&
		(r.Instance == "" || a.Instance == r.Instance || a.Instance == r.Leaves)
	return r.Arrived(a) || a.Available() && !underWay
}

// WaitApplication waits until a rollout is over and returns the application. The caller then asks [Rollout.Arrived]
// whether its own version is available or another deploy has overtaken it. The wait ends with ctx. Its error is a
// [*WaitError].
func (c *Client) WaitApplication(ctx context.Context, name string, r Rollout) (*Application, error) {
	// Lists that others have read meanwhile may be older than the result of this wait.
	defer c.applications.invalidate()
	return waitFor(ctx, c.applicationWaits, name, condition[Application]{
		unseen:  true,
		reached: func(a Application, _ time.Time) bool { return r.Over(a) },
	})
}

// WaitApplicationGone waits until the API says that there is no such application.
func (c *Client) WaitApplicationGone(ctx context.Context, name string) error {
	defer c.applications.invalidate()
	_, err := waitFor(ctx, c.applicationWaits, name, condition[Application]{gone: true})
	return err
}
