// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// startRows are what every user pays for on every command.
var startRows = []row{
	{"start", "start to schema, against an empty framework provider", 1.2, "×", startToSchema},
	{"rest", "peak memory at rest, against the same", 1.2, "×", memoryAtRest},
	{"size", "binary, stripped", 21, "MB", binarySize},
}

func startToSchema(ctx context.Context, b *bench) (float64, string, error) {
	ours, ratio, err := b.againstEmpty(ctx, func(s start) float64 { return float64(s.toSchema) / float64(time.Millisecond) })
	return ratio, fmt.Sprintf("%.1f ms", ours), err
}

func memoryAtRest(ctx context.Context, b *bench) (float64, string, error) {
	ours, ratio, err := b.againstEmpty(ctx, func(s start) float64 { return s.peak })
	return ratio, fmt.Sprintf("%.1f MB", ours), err
}

func binarySize(_ context.Context, b *bench) (float64, string, error) {
	info, err := os.Stat(b.provider)
	if err != nil {
		return 0, "", err
	}
	return float64(info.Size()) / 1e6, "", nil
}

// starts are the measured starts of this provider and of one with nothing in it.
type starts struct {
	ours, empty []start
}

// againstEmpty returns the median of this provider's starts, and its ratio to that of the empty one's.
func (b *bench) againstEmpty(ctx context.Context, key func(start) float64) (ours, ratio float64, err error) {
	if b.starts == nil {
		if b.starts, err = b.measureStarts(ctx); err != nil {
			return 0, 0, err
		}
	}
	ours = median(each(b.starts.ours, key))
	return ours, ours / median(each(b.starts.empty, key)), nil
}

// measureStarts starts both in turn, so that a busy moment of the machine meets both.
func (b *bench) measureStarts(ctx context.Context) (*starts, error) {
	empty := filepath.Join(b.dir, "empty")
	if err := workspace.GoBuild(ctx, b.root, empty, "./internal/bench/empty"); err != nil {
		return nil, err
	}
	var measured starts
	for range 201 {
		ours, err := startPlugin(ctx, b.provider)
		if err != nil {
			return nil, err
		}
		nothing, err := startPlugin(ctx, empty)
		if err != nil {
			return nil, err
		}
		measured.ours = append(measured.ours, ours)
		measured.empty = append(measured.empty, nothing)
	}
	return &measured, nil
}

func each(starts []start, key func(start) float64) []float64 {
	keys := make([]float64, len(starts))
	for i, s := range starts {
		keys[i] = key(s)
	}
	return keys
}
