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

// ApplicationVersion is a deployed version of an application.
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
