// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

// Command bench measures speed and size, and prints them beside the bar that each is held to. Where the machine
// matters, it measures a ratio.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// row is one line of the table.
type row struct {
	key     string // for -only
	what    string
	bar     float64 // an upper one
	unit    string  // of the bar and the value: "×", "MB", or "" for a number of calls
	measure func(context.Context, *bench) (value float64, note string, err error)
}

func rows() []row {
	return slices.Concat(loadRows, waitRows, crowdRows, scaleRows, largeRows, memoryRows, startRows)
}

func main() {
	only := flag.String("only", "", "keys of the rows to measure, with commas between them; all if empty")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string) (err error) {
	selected, err := choose(rows(), only)
	if err != nil {
		return err
	}
	b := &bench{}
	if b.root, err = workspace.ModuleRoot(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "dbos-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if b.engine, err = workspace.FindEngine(ctx); err != nil {
		return err
	}
	if b.provider, err = workspace.Build(ctx, b.root, b.dir); err != nil {
		return err
	}

	fmt.Println("| what | bar | measured |")
	fmt.Println("|---|---|---|")
	for _, r := range selected {
		value, note, err := r.measure(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", r.key, err)
		}
		fmt.Println(r.line(value, note))
	}
	return nil
}

func (r row) line(value float64, note string) string {
	measured := quantity(value, r.unit)
	if value > r.bar {
		measured = "**" + measured + "**, above the bar"
	}
	if note != "" {
		measured += " (" + note + ")"
	}
	return fmt.Sprintf("| %s | ≤ %s | %s |", r.what, quantity(r.bar, r.unit), measured)
}

// quantity writes a count as it is, and what was measured with two digits after the point at most.
func quantity(value float64, unit string) string {
	text := strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", value), "0"), ".")
	if unit == "" {
		return text
	}
	return text + " " + unit
}

// choose picks rows by their keys, in the table's order.
func choose(all []row, only string) ([]row, error) {
	if only == "" {
		return all, nil
	}
	keys := strings.Split(only, ",")
	for _, key := range keys {
		if !slices.ContainsFunc(all, func(r row) bool { return r.key == key }) {
			return nil, fmt.Errorf("there is no row %q", key)
		}
	}
	return slices.DeleteFunc(all, func(r row) bool { return !slices.Contains(keys, r.key) }), nil
}

// bench is what the measurements share.
type bench struct {
	root     string
	dir      string // removed at the end
	provider string // path of the built program
	engine   *workspace.Engine
	gauge    string // path of the built program, "" before its first use
	closers  []func() error

	// Measured or made once, for several rows.
	starts  *starts
	estates map[int]*localcloud.Server // by their number of instances
	plans   map[int]scale              // likewise
	many    *site
	single  *site
	large   *site
	crowd   *crowdSite
}
