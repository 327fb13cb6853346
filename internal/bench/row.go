// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// row is one line of the table.
type row struct {
	key     string // for -only
	what    string
	bar     float64 // an upper one
	unit    string  // of the bar and the value: "×", "MB", or "" for a number of calls
	measure func(context.Context, *bench) (value float64, note string, err error)
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
		medians[i] = median(seconds[i])
	}
	return medians, nil
}

func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
