// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cli"
)

// packJob is the input of testdata/pack.mjs.
type packJob struct {
	Dir    string  `json:"dir"`
	Ignore *string `json:"ignore,omitempty"`
	Config string  `json:"config,omitempty"`
	Zip    string  `json:"zip,omitempty"`
}

type packResult struct {
	Files []string `json:"files"`
	Error string   `json:"error"`
}

// runCLI packs directories with the published CLI.
func runCLI(t *testing.T, jobs []packJob) []packResult {
	t.Helper()
	installed := cli.Installed(t, cli.Newest)
	input, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs(filepath.Join("testdata", "pack.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	node := exec.CommandContext(t.Context(), "node", script, installed)
	node.Stdin, node.Stdout, node.Stderr = bytes.NewReader(input), &stdout, &stderr
	if err := node.Run(); err != nil {
		t.Fatalf("the CLI's packing code: %v\n%s", err, stderr.String())
	}
	var results []packResult
	if err := json.Unmarshal(stdout.Bytes(), &results); err != nil {
		t.Fatal(err)
	}
	if len(results) != len(jobs) {
		t.Fatalf("%d results for %d jobs", len(results), len(jobs))
	}
	return results
}
