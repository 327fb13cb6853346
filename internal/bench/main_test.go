// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		row   row
		value float64
		note  string
		want  string
	}{
		"a ratio":       {row{what: "start", bar: 1.2, unit: "×"}, 1.0649, "7.1 ms", "| start | ≤ 1.2 × | 1.06 × (7.1 ms) |"},
		"a count":       {row{what: "calls", bar: 3}, 2, "", "| calls | ≤ 3 | 2 |"},
		"a round size":  {row{what: "size", bar: 20, unit: "MB"}, 20, "", "| size | ≤ 20 MB | 20 MB |"},
		"above the bar": {row{what: "size", bar: 20, unit: "MB"}, 20.5, "", "| size | ≤ 20 MB | **20.5 MB**, above the bar |"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.row.line(test.value, test.note); got != test.want {
				t.Errorf("line = %q, want %q", got, test.want)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	keys := func(rows []row) (joined string) {
		for _, r := range rows {
			joined += r.key + " "
		}
		return joined
	}
	all := []row{{key: "a"}, {key: "b"}, {key: "c"}}
	if got, err := choose(all, ""); err != nil || keys(got) != "a b c " {
		t.Errorf("choose all = %q, %v", keys(got), err)
	}
	if got, err := choose(all, "c,a"); err != nil || keys(got) != "a c " {
		t.Errorf("choose two = %q, %v", keys(got), err)
	}
	if _, err := choose(rows(), "start,sise"); err == nil {
		t.Error("a key that does not exist was accepted")
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	starts := []start{{toSchema: 9 * time.Second}, {toSchema: time.Second}, {toSchema: 2 * time.Second}}
	if got := median(starts, func(s start) float64 { return s.toSchema.Seconds() }); got != 2 {
		t.Errorf("median = %v, want 2", got)
	}
}
