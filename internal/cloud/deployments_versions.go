// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"context"
	"errors"
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

type versionRecord struct {
	ApplicationName string
	Version         string
	CreationTime    time.Time
}

func (r versionRecord) Check() error {
	if r.Version == "" {
		return errors.New("there is no Version")
	}
	return nil
}

func (r versionRecord) object() ApplicationVersion {
	return ApplicationVersion{Application: r.ApplicationName, Version: r.Version, CreatedAt: r.CreationTime}
}

// ApplicationVersions reads the versions of an application, the newest first.
func (c *Client) ApplicationVersions(ctx context.Context, name string) ([]ApplicationVersion, error) {
	r := api.Request{Method: "GET", Path: []string{"applications", name, "versions"}, Object: applicationNamed(name)}
	versions, err := readList[records[versionRecord]](ctx, c.api, r)
	slices.SortFunc(versions, func(a, b ApplicationVersion) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.Version, a.Version))
	})
	return versions, err
}
