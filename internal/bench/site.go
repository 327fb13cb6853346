// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// site is a configuration and the simulated cloud that it is applied to.
type site struct {
	*workspace.Workspace
	cloud *localcloud.Server
}

// settings begin each configuration.
const settings = `
terraform {
  required_providers {
    dbos = { source = "dbos-community/dbos" }
  }
}
`

// instances is a configuration of so many instances.
func instances(n int) string {
	return settings + fmt.Sprintf(`
resource "dbos_database_instance" "all" {
  count               = %d
  name                = format("i%%04d", count.index)
  username            = "bench"
  password            = "Correct-horse-7"
  deletion_protection = false
}
`, n)
}

// applied makes a site of so many instances and applies it, all at once.
func (b *bench) applied(ctx context.Context, name string, n int, provisionTime time.Duration) (*site, error) {
	s, err := b.open(ctx, name, instances(n), provisionTime)
	if err != nil {
		return nil, err
	}
	_, err = s.Run(ctx, "apply", "-auto-approve", fmt.Sprintf("-parallelism=%d", n))
	return s, err
}

// open makes a site that is initialized and not applied.
func (b *bench) open(ctx context.Context, name, configuration string, provisionTime time.Duration) (*site, error) {
	server, err := b.startCloud(ctx, provisionTime)
	if err != nil {
		return nil, err
	}
	return b.openAt(ctx, name, configuration, server, server.Connection().Endpoint)
}

// openAt makes a site whose cloud is reached at an endpoint.
func (b *bench) openAt(ctx context.Context, name, configuration string, server *localcloud.Server, endpoint string) (*site, error) {
	dir, err := b.folder(name, configuration)
	if err != nil {
		return nil, err
	}
	w, err := workspace.New(b.engine, b.provider, dir,
		"DBOS_ENDPOINT="+endpoint, "DBOS_TOKEN="+server.Connection().Token)
	if err != nil {
		return nil, err
	}
	_, err = w.Run(ctx, "init")
	return &site{Workspace: w, cloud: server}, err
}

// folder makes a folder with a configuration.
func (b *bench) folder(name, configuration string) (string, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configuration), 0o644)
}

// plan fails if there is anything to do.
func plan(ctx context.Context, w *workspace.Workspace) error {
	_, err := w.Run(ctx, "plan", "-detailed-exitcode")
	return err
}

// planCalls is how many calls a plan makes.
func (s *site) planCalls(ctx context.Context) (float64, error) {
	before := len(s.cloud.Requests())
	err := plan(ctx, s.Workspace)
	return float64(len(s.cloud.Requests()) - before), err
}

// calls are the requests since an earlier one that match.
func (s *site) calls(since int, match func(localcloud.Request) bool) []localcloud.Request {
	return slices.DeleteFunc(slices.Clone(s.cloud.Requests()[since:]), func(r localcloud.Request) bool { return !match(r) })
}

// againstBuiltin compares the time of a plan with that of a configuration of resources that Terraform has in itself.
func (b *bench) againstBuiltin(ctx context.Context, s *site, configuration string) (ratio float64, note string, err error) {
	builtin, err := b.builtin(ctx, s, configuration)
	if err != nil {
		return 0, "", err
	}
	medians, err := planInTurn(ctx, s.Workspace, builtin)
	if err != nil {
		return 0, "", err
	}
	return medians[0] / medians[1], fmt.Sprintf("%.1f s", medians[0]), nil
}

// builtin applies a configuration of resources that Terraform has in itself, beside a site.
func (b *bench) builtin(ctx context.Context, s *site, configuration string) (*workspace.Workspace, error) {
	dir, err := b.folder(filepath.Base(s.Dir)+"-builtin", configuration)
	if err != nil {
		return nil, err
	}
	w := &workspace.Workspace{Dir: dir, Engine: b.engine}
	for _, command := range []string{"init", "apply -auto-approve"} {
		if _, err := w.Run(ctx, strings.Fields(command)...); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// planInTurn returns the median time of a plan of each workspace, in seconds.
func planInTurn(ctx context.Context, workspaces ...*workspace.Workspace) ([]float64, error) {
	plans := make([]func() error, len(workspaces))
	for i, w := range workspaces {
		plans[i] = func() error { return plan(ctx, w) }
	}
	return inTurn(5, plans...)
}
