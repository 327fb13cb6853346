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

// deployState is the visible state of an application's deploys.
type deployState struct {
	Application
	versions []string
}

func (c *Client) deployState(ctx context.Context, name string) (*deployState, error) {
	application, err := c.FreshApplication(ctx, name)
	if err != nil {
		return nil, err
	}
	list, err := c.ApplicationVersions(ctx, name)
	if err != nil {
		return nil, err
	}
	seen := &deployState{Application: *application}
	for _, v := range list {
		seen.versions = append(seen.versions, v.Version)
	}
	return seen, nil
}

// findLostDeploy looks for the version of a deploy whose answer was lost. It returns "" if there is none. A single look
// proves nothing, as with creates. While the application has a status that it did not have before, the deploy may be
// under way.
func (c *Client) findLostDeploy(ctx context.Context, d deployment, before *deployState) (version string, err error) {
	begun := time.Now()
	for looks := 0; ; looks++ {
		last := looks >= 3 || ctx.Err() != nil
		asking, cancel := graceContext(ctx)
		version, underWay, err := c.lookAtDeploy(asking, d, before, last)
		cancel()
		pause := c.timing.Backoff << min(looks, 3)
		switch {
		case version != "", err != nil, ctx.Err() != nil:
			return version, err
		case last && (!underWay || time.Since(begun) > c.retryTimeout):
			return "", nil
		case last:
			pause = c.timing.PollPause(time.Since(begun))
		}
		sleep(ctx, pause)
	}
}

// leavesNoTrace reports whether the deploy is of the version that ran before, where it ran. A service that does not
// count the same files as a new version shows nothing of it.
func (d deployment) leavesNoTrace(before *deployState) bool {
	return d.previous != "" && d.previous == before.Version && (d.target == "" || d.target == before.Instance)
}

// lookAtDeploy looks once for the effect of a deploy.
func (c *Client) lookAtDeploy(ctx context.Context, d deployment, before *deployState, last bool) (version string, underWay bool, err error) {
	now, err := c.deployState(ctx, d.application)
	if err != nil {
		return "", false, fmt.Errorf("the state of application %q could not be read: %w", d.application, err)
	}
	added := slices.DeleteFunc(now.versions, func(v string) bool { return slices.Contains(before.versions, v) })
	moved := d.target != "" && before.Instance != d.target && now.Instance == d.target
	again := d.previous != "" && before.Version != d.previous && now.Version == d.previous
	switch {
	case len(added) == 1:
		return added[0], false, nil
	case len(added) > 1:
		return "", false, fmt.Errorf("application %q has %d new versions since then (%s), and it is not known which of them this deploy made", d.application, len(added), strings.Join(added, ", "))
	case last && (moved || again):
		// The service may not count the same files as a new version.
		return now.Version, false, nil
	}
	return "", now.Status != before.Status && !now.Available(), nil
}
