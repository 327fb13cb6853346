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

func (records versionRecords) check() error {
	for i, r := range records {
		if r.Version == "" {
			return fmt.Errorf("item %d: %w", i, errors.New("there is no Version"))
		}
	}
	return nil
}

// ApplicationVersions reads the versions of an application, the newest first.
func (c *Client) ApplicationVersions(ctx context.Context, name string) ([]ApplicationVersion, error) {
	r := request{kind: read, method: "GET", path: []string{"applications", name, "versions"}, object: name}
	records, err := do[versionRecords](ctx, c, r)
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

// WaitApplication waits until an application is available with a version and,
// unless instance is "", on that instance. The deadline is that of ctx, whose
// end is part of the error, a [*WaitError].
func (c *Client) WaitApplication(ctx context.Context, name, version, instance string) (*Application, error) {
	// What others read meanwhile is older than what the caller has waited for.
	defer c.applications.stale()
	return await(ctx, c.applicationWaits, name, goal[Application]{
		fresh: true,
		reached: func(a Application, _ time.Time) bool {
			return a.Available() && (version == "" || a.Version == version) && (instance == "" || a.Instance == instance)
		},
	})
}

// WaitApplicationGone waits until the API says that there is no such
// application.
func (c *Client) WaitApplicationGone(ctx context.Context, name string) error {
	defer c.applications.stale()
	_, err := await(ctx, c.applicationWaits, name, goal[Application]{gone: true})
	return err
}
