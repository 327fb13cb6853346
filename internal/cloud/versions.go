// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/api"
)

// ApplicationVersion is one that was deployed.
type ApplicationVersion struct {
	Application string
	Version     string
	CreatedAt   time.Time
}

type versionRecords []struct {
	ApplicationName string
	Version         string
	CreationTime    time.Time
}

func (records versionRecords) Check() error {
	for i, r := range records {
		if r.Version == "" {
			return fmt.Errorf("item %d: %w", i, errors.New("there is no Version"))
		}
	}
	return nil
}

// ApplicationVersions reads the versions of an application, the newest first.
func (c *Client) ApplicationVersions(ctx context.Context, name string) ([]ApplicationVersion, error) {
	r := api.Request{Kind: api.Read, Method: "GET", Path: []string{"applications", name, "versions"}, Object: applicationNamed(name)}
	records, err := api.Do[versionRecords](ctx, c.api, r)
	if err != nil {
		return nil, err
	}
	versions := make([]ApplicationVersion, len(records))
	for i, r := range records {
		versions[i] = ApplicationVersion{Application: r.ApplicationName, Version: r.Version, CreatedAt: r.CreationTime}
	}
	slices.SortFunc(versions, func(a, b ApplicationVersion) int {
		if order := b.CreatedAt.Compare(a.CreatedAt); order != 0 {
			return order
		}
		return strings.Compare(b.Version, a.Version)
	})
	return versions, nil
}

// Rollout is a deploy or a move that the service has accepted.
type Rollout struct {
	Version  string // that was accepted
	Replaces string // version that ran before; "" before the first deploy
	Instance string // database instance that the application is moved to; "" stays
	Leaves   string // database instance that it was on before a move
}

// Arrived reports whether the version serves, on its instance.
func (r Rollout) Arrived(a Application) bool {
	return a.Available() && a.Version == r.Version && (r.Instance == "" || a.Instance == r.Instance)
}

// Over reports whether nothing is left to wait for: the version serves, or somebody has deployed or moved the application
// since. An application that serves with the version and on the instance that are replaced is on its way still.
func (r Rollout) Over(a Application) bool {
	underWay := (a.Version == r.Version || a.Version == r.Replaces) &&
		(r.Instance == "" || a.Instance == r.Instance || a.Instance == r.Leaves)
	return r.Arrived(a) || a.Available() && !underWay
}

// WaitApplication waits until a rollout is over, and returns the application as it is then: the caller asks
// [Rollout.Arrived] whether the version serves or somebody else's has overtaken it. The deadline is that of ctx, whose end
// is part of the error, a [*WaitError].
func (c *Client) WaitApplication(ctx context.Context, name string, r Rollout) (*Application, error) {
	// What others read meanwhile is older than what the caller has waited for.
	defer c.applications.stale()
	return await(ctx, c.applicationWaits, name, goal[Application]{
		fresh:   true,
		reached: func(a Application, _ time.Time) bool { return r.Over(a) },
	})
}

// WaitApplicationGone waits until the API says that there is no such
// application.
func (c *Client) WaitApplicationGone(ctx context.Context, name string) error {
	defer c.applications.stale()
	_, err := await(ctx, c.applicationWaits, name, goal[Application]{gone: true})
	return err
}
