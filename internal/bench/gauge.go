// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// peak runs a command with the provider under a gauge, and returns the most memory, in MB, that any of its processes
// needed.
func (b *bench) peak(ctx context.Context, w *workspace.Workspace, args ...string) (float64, time.Duration, error) {
	if b.gauge == "" {
		b.gauge = filepath.Join(b.dir, "gauge")
		if err := workspace.GoBuild(ctx, b.root, b.gauge, "./internal/bench/gauge"); err != nil {
			return 0, 0, err
		}
	}
	peaks := filepath.Join(w.Dir, "peaks")
	gauged, err := workspace.New(w.Engine, b.gauge, filepath.Join(w.Dir, "gauged"), append(w.Env, "GAUGE_PROGRAM="+b.provider, "GAUGE_FILE="+peaks)...)
	if err != nil {
		return 0, 0, err
	}
	if err := adopt(w.Dir, gauged.Dir); err != nil {
		return 0, 0, err
	}
	if _, err := gauged.Run(ctx, "init"); err != nil {
		return 0, 0, err
	}
	start := time.Now()
	if _, err := gauged.Run(ctx, args...); err != nil {
		return 0, 0, err
	}
	took := time.Since(start)
	lines, err := os.ReadFile(peaks)
	if err != nil {
		return 0, 0, err
	}
	var most float64
	for line := range strings.Lines(string(lines)) {
		bytes, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			return 0, 0, err
		}
		most = max(most, bytes/1e6)
	}
	return most, took, nil
}

// adopt takes configuration, state and files of another working directory over, without copying what is large.
func adopt(from, to string) error {
	for _, name := range []string{"main.tf", "terraform.tfstate", "app"} {
		err := os.Symlink(filepath.Join(from, name), filepath.Join(to, name))
		if err != nil {
			return err
		}
	}
	return nil
}
