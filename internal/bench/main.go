// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

// Command bench measures speed and size, and prints them beside the bar that each is held to. Where the machine
// matters, it measures a ratio. It fails if something is above its bar.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// bench is what the measurements share.
type bench struct {
	root     string
	dir      string // removed at the end
	provider string // path of the built program
	engine   *workspace.Engine
	closers  []func() error

	// Made or measured once, for several rows.
	gauge   string // path of the built program
	starts  *starts
	many    *site
	single  *site
	large   *site
	crowd   *crowdSite
	estates map[int]*localcloud.Server // by their number of instances
	runs    map[int]protocolRun        // likewise
}

func rows() []row {
	return slices.Concat(fleetRows, waitRows, crowdRows, readRows, estateRows, largeRows, startRows)
}

func main() {
	only := flag.String("only", "", "keys of the rows to measure, with commas between them; all if empty")
	write := flag.Bool("write", false, "also put the measured rows in the place of the former ones in "+strings.Join(pages, " and "))
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only, *write); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, write bool) (err error) {
	selected, err := choose(rows(), only)
	if err != nil {
		return err
	}
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	lines, above, err := b.table(ctx, selected)
	if write {
		err = errors.Join(err, writePages(b.root, lines))
	}
	if len(above) > 0 {
		err = errors.Join(err, fmt.Errorf("above the bar: %s", strings.Join(above, ", ")))
	}
	return err
}

// newBench builds the provider and looks for Terraform.
func newBench(ctx context.Context) (_ *bench, err error) {
	b := &bench{estates: map[int]*localcloud.Server{}, runs: map[int]protocolRun{}}
	if b.root, err = workspace.ModuleRoot(); err != nil {
		return nil, err
	}
	if b.engine, err = workspace.FindEngine(ctx); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "dbos-bench-"); err != nil {
		return nil, err
	}
	if b.provider, err = workspace.Build(ctx, b.root, b.dir); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// table measures rows and prints them. It returns their lines, and the keys of those above their bar.
func (b *bench) table(ctx context.Context, selected []row) (lines, above []string, err error) {
	fmt.Println("| what | bar | measured |")
	fmt.Println("|---|---|---|")
	for _, r := range selected {
		value, note, err := r.measure(ctx, b)
		if err != nil {
			return lines, above, fmt.Errorf("%s: %w", r.key, err)
		}
		if value > r.bar {
			above = append(above, r.key)
		}
		line := r.line(value, note)
		fmt.Println(line)
		lines = append(lines, line)
	}
	return lines, above, nil
}

// close ends all that was started, and removes what was written.
func (b *bench) close() error {
	var errs []error
	for _, closer := range b.closers {
		errs = append(errs, closer())
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}

// pages show the table, or some rows of it.
var pages = []string{"README.md", "templates/guides/scaling.md.tmpl"}

func writePages(root string, lines []string) error {
	for _, page := range pages {
		path := filepath.Join(root, page)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(replaceRows(string(text), lines)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// replaceRows puts lines in the place of those of a text that have the same first two columns.
func replaceRows(text string, lines []string) string {
	head := func(line string) string { return strings.Join(strings.SplitN(line, "|", 4)[:3], "|") }
	old := strings.Split(text, "\n")
	for i, line := range old {
		if strings.Count(line, "|") != 4 {
			continue
		}
		if at := slices.IndexFunc(lines, func(l string) bool { return head(l) == head(line) }); at >= 0 {
			old[i] = lines[at]
		}
	}
	return strings.Join(old, "\n")
}
