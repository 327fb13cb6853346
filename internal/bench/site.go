// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

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
	server, err := b.start(ctx, provisionTime)
	if err != nil {
		return nil, err
	}
	return b.openAt(ctx, name, configuration, server, server.Connection().Endpoint)
}

// start starts a simulated cloud, which is closed at the end.
func (b *bench) start(ctx context.Context, provisionTime time.Duration) (*localcloud.Server, error) {
	server, err := localcloud.Start(ctx, localcloud.Options{Backend: "simulated", ProvisionTime: provisionTime})
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, server.Close)
	return server, nil
}

// provision makes instances by hand, many at once, and waits until they are available.
func provision(ctx context.Context, server *localcloud.Server, names ...string) error {
	connection := server.Connection()
	call := func(ctx context.Context, method, path, body string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, method, connection.Endpoint+"/v1alpha1/"+connection.Organization+"/"+path, strings.NewReader(body))
		if err != nil {
			return "", err
		}
		req.Header.Set("Authorization", "Bearer "+connection.Token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		answer, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return "", err
		}
		if resp.StatusCode != http.StatusOK {
			return "", fmt.Errorf("%s %s: %s", method, path, answer)
		}
		return string(answer), nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(200)
	for _, name := range names {
		group.Go(func() error {
			_, err := call(ctx, http.MethodPost, "databases/userdb", fmt.Sprintf(`{"Name":%q,"AdminName":"bench","AdminPassword":"Correct-horse-7"}`, name))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for {
		list, err := call(context.WithoutCancel(ctx), http.MethodGet, "databases", "")
		if err != nil || strings.Count(list, `"available"`) == len(names) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// openAt makes a site whose cloud is reached at an endpoint.
func (b *bench) openAt(ctx context.Context, name, configuration string, server *localcloud.Server, endpoint string) (*site, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configuration), 0o644); err != nil {
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

// applied opens a site and applies it, all instances at once.
func (b *bench) applied(ctx context.Context, name string, n int, provisionTime time.Duration) (*site, error) {
	s, err := b.open(ctx, name, instances(n), provisionTime)
	if err != nil {
		return nil, err
	}
	_, err = s.Run(ctx, "apply", "-auto-approve", fmt.Sprintf("-parallelism=%d", n))
	return s, err
}

// timePlan is the median of some plans, in seconds, each of which has to find nothing to do.
func timePlan(ctx context.Context, w *workspace.Workspace) (float64, error) {
	return timed(func() error {
		_, err := w.Run(ctx, "plan", "-detailed-exitcode")
		return err
	})
}

// againstPlan compares the plans of two working directories.
func againstPlan(ctx context.Context, ours, theirs *workspace.Workspace) (seconds, ratio float64, err error) {
	plan := func(w *workspace.Workspace) func() error {
		return func() error {
			_, err := w.Run(ctx, "plan", "-detailed-exitcode")
			return err
		}
	}
	medians, err := inTurn(5, plan(ours), plan(theirs))
	if err != nil {
		return 0, 0, err
	}
	return medians[0], medians[0] / medians[1], nil
}

// timed is the median, in seconds, of what something takes.
func timed(run func() error) (float64, error) {
	medians, err := inTurn(3, run)
	if err != nil {
		return 0, err
	}
	return medians[0], nil
}

// inTurn runs things so many times, in turn, so that a busy moment of the machine meets all of them. It returns the
// median of what each takes, in seconds.
func inTurn(times int, runs ...func() error) ([]float64, error) {
	seconds := make([][]float64, len(runs))
	for range times {
		for i, run := range runs {
			start := time.Now()
			if err := run(); err != nil {
				return nil, err
			}
			seconds[i] = append(seconds[i], time.Since(start).Seconds())
		}
	}
	medians := make([]float64, len(runs))
	for i := range runs {
		slices.Sort(seconds[i])
		medians[i] = seconds[i][times/2]
	}
	return medians, nil
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
