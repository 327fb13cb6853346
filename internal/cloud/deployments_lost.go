// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// findLost looks for the version of a deploy whose answer was lost. It returns "" if there is none. A single look
// proves nothing, as with creates. While the application has a status that it did not have before, the deploy may be
// under way.
func (d *Deployer) findLost(ctx context.Context, wanted deployment) (version string, err error) {
	begun := time.Now()
	for looks := 0; ; looks++ {
		last := looks >= 3 || ctx.Err() != nil
		asking, cancel := graceContext(ctx)
		version, underWay, err := d.lookForLost(asking, wanted, last)
		cancel()
		pause := d.client.timing.Backoff << min(looks, 3)
		switch {
		case version != "", err != nil, ctx.Err() != nil:
			return version, err
		case last && (!underWay || time.Since(begun) > d.client.retryTimeout):
			return "", nil
		case last:
			pause = d.client.timing.PollPause(time.Since(begun))
		}
		sleep(ctx, pause)
	}
}

// leavesNoTrace reports whether a deploy is of the version that ran before, where it ran. A service that does not count
// the same files as a new version shows nothing of it.
func (d *Deployer) leavesNoTrace(wanted deployment) bool {
	before := d.Application
	return wanted.previous != "" && wanted.previous == before.Version && (wanted.target == "" || wanted.target == before.Instance)
}

// lookForLost looks once for the effect of a deploy.
func (d *Deployer) lookForLost(ctx context.Context, wanted deployment, last bool) (version string, underWay bool, err error) {
	before := d.Application
	now, added, err := d.addedVersions(ctx)
	if err != nil {
		return "", false, fmt.Errorf("the state of application %q could not be read: %w", before.Name, err)
	}
	moved := wanted.target != "" && before.Instance != wanted.target && now.Instance == wanted.target
	again := wanted.previous != "" && before.Version != wanted.previous && now.Version == wanted.previous
	switch {
	case len(added) == 1:
		return added[0], false, nil
	case len(added) > 1:
		return "", false, fmt.Errorf("application %q has %d new versions since then (%s), and it is not known which of them this deploy made", before.Name, len(added), strings.Join(added, ", "))
	case last && (moved || again):
		// The service may not count the same files as a new version.
		return now.Version, false, nil
	}
	return "", now.Status != before.Status && !now.Available(), nil
}

// addedVersions reads the application as it is now, and the versions that it did not have before.
func (d *Deployer) addedVersions(ctx context.Context) (now *Application, added []string, err error) {
	now, err = d.client.FreshApplication(ctx, d.Application.Name)
	if err != nil {
		return nil, nil, err
	}
	versions, err := d.client.ApplicationVersions(ctx, d.Application.Name)
	for _, v := range versions {
		if !slices.ContainsFunc(d.versions, func(old ApplicationVersion) bool { return old.Version == v.Version }) {
			added = append(added, v.Version)
		}
	}
	return now, added, err
}
