// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// fleetRows are what a plan of many instances costs.
var fleetRows = []row{
	{"refresh", "API calls to refresh 1,000 instances", 3, "", refreshCalls},
	{"latency", "what 50 ms latency adds to a plan of 1,000 unchanged instances", 0.3, "s", latencyAdds},
	{"plan", "the same plan at no latency, against 1,000 built-in `terraform_data`", 3.3, "×", planRatio},
	{"memory", "peak memory of a plan of 1,000 instances", 80, "MB", planMemory},
}

const many = 1000

// fleet is the site of many unchanged instances, applied once.
func (b *bench) fleet(ctx context.Context) (_ *site, err error) {
	if b.many == nil {
		b.many, err = b.applied(ctx, "fleet", many, 10*time.Millisecond)
	}
	return b.many, err
}

func refreshCalls(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.fleet(ctx)
	if err != nil {
		return 0, "", err
	}
	calls, err := s.planCalls(ctx)
	return calls, "", err
}

func latencyAdds(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.fleet(ctx)
	if err != nil {
		return 0, "", err
	}
	delayed := func() error {
		defer s.cloud.Inject(localcloud.Fault{Latency: 50 * time.Millisecond})()
		return plan(ctx, s.Workspace)
	}
	medians, err := inTurn(3, func() error { return plan(ctx, s.Workspace) }, delayed)
	if err != nil {
		return 0, "", err
	}
	return max(medians[1]-medians[0], 0), "", nil
}

func planRatio(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.fleet(ctx)
	if err != nil {
		return 0, "", err
	}
	return b.againstBuiltin(ctx, s, fmt.Sprintf("resource \"terraform_data\" \"all\" {\n  count = %d\n  input = count.index\n}\n", many))
}

func planMemory(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.fleet(ctx)
	if err != nil {
		return 0, "", err
	}
	peak, _, err := b.peak(ctx, s.Workspace, "plan", "-detailed-exitcode")
	return peak, "", err
}
