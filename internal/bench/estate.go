// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// estateRows are what the provider alone costs, driven by the protocol.
var estateRows = []row{
	{"tenthousand", "API calls of a plan of 10,000 instances, at protocol level", 3, "", func(ctx context.Context, b *bench) (float64, string, error) {
		ten, err := b.planned(ctx, 10*many)
		return float64(ten.calls), "", err
	}},
	{"tenmemory", "peak memory of the same", 110, "MB", func(ctx context.Context, b *bench) (float64, string, error) {
		ten, err := b.planned(ctx, 10*many)
		return ten.peak, "", err
	}},
	{"linear", "time of the same, against a plan of 1,000", 11, "×", func(ctx context.Context, b *bench) (float64, string, error) {
		one, err := b.planned(ctx, many)
		if err != nil {
			return 0, "", err
		}
		ten, err := b.planned(ctx, 10*many)
		return ten.took / one.took, fmt.Sprintf("%.1f s", ten.took), err
	}},
	{"query", "API calls of a query of 1,000 instances", 2, "", func(ctx context.Context, b *bench) (float64, string, error) {
		found, err := b.queried(ctx)
		return float64(found.calls), fmt.Sprintf("%.2f s", found.took), err
	}},
	{"querymemory", "peak memory of the same", 80, "MB", func(ctx context.Context, b *bench) (float64, string, error) {
		found, err := b.queried(ctx)
		return found.peak, "", err
	}},
}

// protocolRun is what a run by the protocol took.
type protocolRun struct {
	calls int
	peak  float64 // in MB
	took  float64 // in seconds
}

const instanceType = "dbos_database_instance"

// estate is a cloud with so many instances, made once.
func (b *bench) estate(ctx context.Context, n int) (*localcloud.Server, error) {
	if server := b.estates[n]; server != nil {
		return server, nil
	}
	server, err := b.startCloud(ctx, time.Millisecond)
	if err != nil {
		return nil, err
	}
	names := make([]string, n)
	for i := range names {
		names[i] = instanceName(i)
	}
	b.estates[n] = server
	return server, provision(ctx, server, names...)
}

func instanceName(i int) string { return fmt.Sprintf("i%05d", i) }

// planned plans so many unchanged instances, and returns the median of three runs.
func (b *bench) planned(ctx context.Context, n int) (protocolRun, error) {
	if done, ok := b.runs[n]; ok {
		return done, nil
	}
	runs := make([]protocolRun, 3)
	for i := range runs {
		var err error
		if runs[i], err = b.byProtocol(ctx, n, func(c *client, server *localcloud.Server) error {
			return planAll(ctx, c, n, server.Connection().Organization)
		}); err != nil {
			return protocolRun{}, err
		}
	}
	slices.SortFunc(runs, func(a, b protocolRun) int { return cmp.Compare(a.took, b.took) })
	b.runs[n] = runs[len(runs)/2]
	return b.runs[n], nil
}

// planAll refreshes and plans instances, ten at a time, as Terraform does.
func planAll(ctx context.Context, c *client, n int, organization string) error {
	schema := c.schema.ResourceSchemas[instanceType]
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(10)
	for i := range n {
		group.Go(func() error {
			attributes := map[string]any{"name": instanceName(i), "username": "bench", "deletion_protection": false}
			config, err := encode(schema, attributes)
			if err != nil {
				return err
			}
			attributes["id"], attributes["organization"] = instanceName(i), organization
			state, err := encode(schema, attributes)
			if err != nil {
				return err
			}
			return c.refresh(ctx, instanceType, config, state)
		})
	}
	return group.Wait()
}

// queried lists many instances with all that is known about them.
func (b *bench) queried(ctx context.Context) (protocolRun, error) {
	return b.byProtocol(ctx, many, func(c *client, _ *localcloud.Server) error {
		config, err := encode(c.schema.ListResourceSchemas[instanceType], nil)
		if err != nil {
			return err
		}
		count, err := c.list(ctx, instanceType, config)
		if err == nil && count != many {
			err = fmt.Errorf("the query found %d instances", count)
		}
		return err
	})
}

// byProtocol measures what a new process of the provider does with a cloud of so many instances.
func (b *bench) byProtocol(ctx context.Context, n int, do func(*client, *localcloud.Server) error) (protocolRun, error) {
	server, err := b.estate(ctx, n)
	if err != nil {
		return protocolRun{}, err
	}
	c, err := b.dial(ctx, server)
	if err != nil {
		return protocolRun{}, err
	}
	before, begin := len(server.Requests()), time.Now()
	err = do(c, server)
	took := time.Since(begin).Seconds()
	peak, closeErr := c.close()
	return protocolRun{calls: len(server.Requests()) - before, peak: peak, took: took}, errors.Join(err, closeErr)
}
