// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// site is a configuration and the simulated cloud that it is applied to.
type site struct {
	*workspace.Workspace
	cloud *localcloud.Server
}

// instances is a configuration of so many instances.
func instances(n int) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    dbos = { source = "dbos-community/dbos" }
  }
}
resource "dbos_database_instance" "all" {
  count               = %d
  name                = format("i%%04d", count.index)
  username            = "bench"
  password            = "Correct-horse-7"
  deletion_protection = false
}
`, n)
}

// open makes a site that is initialized; it is closed at the end.
func (b *bench) open(ctx context.Context, name, configuration string, provisionTime time.Duration) (*site, error) {
	server, err := localcloud.Start(ctx, localcloud.Options{Backend: "simulated", ProvisionTime: provisionTime})
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, server.Close)
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configuration), 0o644); err != nil {
		return nil, err
	}
	connection := server.Connection()
	w, err := workspace.New(b.engine, b.provider, dir,
		"DBOS_ENDPOINT="+connection.Endpoint, "DBOS_TOKEN="+connection.Token)
	if err != nil {
		return nil, err
	}
	_, err = w.Run(ctx, "init")
	return &site{Workspace: w, cloud: server}, err
}

// applied opens a site and applies it, all instances at once.
func (b *bench) applied(ctx context.Context, name string, n int, provisionTime time.Duration) (*site, error) {
	s, err := b.open(ctx, name, instances(n), provisionTime)
	if err != nil {
		return nil, err
	}
	_, err = s.Run(ctx, "apply", "-auto-approve", fmt.Sprintf("-parallelism=%d", n))
	return s, err
}

// timePlan is the median of some plans, in seconds, each of which has to find
// nothing to do.
func timePlan(ctx context.Context, w *workspace.Workspace) (float64, error) {
	return timed(func() error {
		_, err := w.Run(ctx, "plan", "-detailed-exitcode")
		return err
	})
}

// timed is the median, in seconds, of what something takes.
func timed(run func() error) (float64, error) {
	var seconds []float64
	for range 3 {
		start := time.Now()
		if err := run(); err != nil {
			return 0, err
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	slices.Sort(seconds)
	return seconds[1], nil
}

// calls are the requests since an earlier moment that match.
func (s *site) calls(since int, match func(localcloud.Request) bool) []localcloud.Request {
	return slices.DeleteFunc(slices.Clone(s.cloud.Requests()[since:]), func(r localcloud.Request) bool { return !match(r) })
}

// close ends all that was opened, and removes what was written.
func (b *bench) close() error {
	var errs []error
	for _, closer := range b.closers {
		errs = append(errs, closer())
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}
