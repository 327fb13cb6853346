// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
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
	if got := median(each(starts, func(s start) float64 { return s.toSchema.Seconds() })); got != 2 {
		t.Errorf("median = %v, want 2", got)
	}
}

func TestReplaceRows(t *testing.T) {
	t.Parallel()
	text := "# Page\n| what | bar | measured |\n|---|---|---|\n| a | ≤ 3 | 2 |\n| b | ≤ 1 s | 1 s |\n\n| a | an | other | table |\n"
	got := replaceRows(text, []string{"| b | ≤ 1 s | 0.5 s (5 calls) |", "| c | ≤ 1 | 1 |", "| a | ≤ 4 | 2.5 |"})
	if want := strings.Replace(text, "| 1 s |", "| 0.5 s (5 calls) |", 1); got != want {
		t.Errorf("replaceRows = %q, want %q", got, want)
	}
}

func TestRepeat(t *testing.T) {
	t.Parallel()
	if got, want := repeat("all\n---\na#_0 = a#.id\n", 2), "all\na0_0 = a0.id\na1_0 = a1.id\n"; got != want {
		t.Errorf("repeat = %q, want %q", got, want)
	}
}

func TestInTurn(t *testing.T) {
	t.Parallel()
	var order string
	run := func(name string) func() error {
		return func() error {
			order += name
			return nil
		}
	}
	if medians, err := inTurn(3, run("a"), run("b")); err != nil || len(medians) != 2 || order != "ababab" {
		t.Errorf("inTurn = %v, %v after %q", medians, err, order)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	polls, others, err := split([]localcloud.Request{
		{Method: "GET", Path: "/v1alpha1/local/applications/a", Time: at(1)},
		{Method: "POST", Path: "/v1alpha1/local/applications/secrets", Time: at(9)},
		{Method: "POST", Path: "/v1alpha1/local/applications/a", Time: at(2)},
		{Method: "GET", Path: "/v1alpha1/local/applications", Time: at(3)},
		{Method: "GET", Path: "/v1alpha1/local/applications/a", Time: at(4)},
		{Method: "GET", Path: "/v1alpha1/local/databases", Time: at(5)},
	})
	if err != nil || polls != 2 || others != 4 {
		t.Errorf("split = %d, %d, %v, want 2 polls and 4 others", polls, others, err)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	message := slices.Concat(text(1, "kind"), dynamic(2, []byte{0xc0}), raw(7, []byte{}))
	got, err := fields("Read", message, 4)
	if err != nil || string(got[1]) != "kind" || string(got[2]) != "\x0a\x01\xc0" || got[7] == nil {
		t.Errorf("fields = %q, %v", got, err)
	}
	if _, err := fields("Read", text(4, "it failed"), 4); err == nil || !strings.Contains(err.Error(), "it failed") {
		t.Errorf("diagnostics gave %v", err)
	}
	if _, err := fields("Read", []byte{0x0a, 0x09}, 4); err == nil {
		t.Error("a message that is cut off was read")
	}
}

func TestPeakOf(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("there is no /proc")
	}
	if peak := peakOf(os.Getpid()); peak < 1 || peak > 10_000 {
		t.Errorf("peakOf this process = %v MB", peak)
	}
	if peak := peakOf(-1); peak != 0 {
		t.Errorf("peakOf nothing = %v MB", peak)
	}
}
