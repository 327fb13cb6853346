// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// table is what the README shows: what was tried, how many times, and what came out.
var table struct {
	mu   sync.Mutex
	rows []string
}

// record adds a row to the table. A test that has failed has no row.
func record(t *testing.T, tried string, times int, outcome string, values ...any) {
	t.Helper()
	outcome = fmt.Sprintf(outcome, values...)
	t.Logf("%s: %d: %s", tried, times, outcome)
	if t.Failed() {
		return
	}
	table.mu.Lock()
	defer table.mu.Unlock()
	table.rows = append(table.rows, fmt.Sprintf("| %s | %d | %s |", tried, times, outcome))
}

// markdown is the table as the README has it.
func markdown() string {
	table.mu.Lock()
	defer table.mu.Unlock()
	slices.Sort(table.rows)
	return "| tried | times | outcome |\n|---|---|---|\n" + strings.Join(table.rows, "\n") + "\n"
}
