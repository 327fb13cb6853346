// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package archive

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// runCLI packs directories with the published CLI. Its paths, and the modes of its files, are the measure on Unix.
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

func TestFilesAreThoseOfTheCLI(t *testing.T) {
	t.Parallel()
	files := awkwardTree()
	delete(files, "src/"+configName) // A file cannot be a directory as well.
	dir := tree(t, files)
	socket, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(dir, "socket"))
	if err == nil {
		defer socket.Close() //nolint:errcheck // It was only to lie in the way.
	}
	ours := pack(t, open(t, dir))

	out := filepath.Join(t.TempDir(), "cli.zip")
	if result := runCLI(t, []packJob{{Dir: dir, Zip: out}})[0]; result.Error != "" {
		t.Fatal(result.Error)
	}
	theirs, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unpack(t, theirs), unpack(t, ours)); diff != "" {
		t.Errorf("the CLI's archive (-) and ours (+) differ:\n%s", diff)
	}
	if diff := cmp.Diff(allEntries(t, theirs), allEntries(t, ours)); diff != "" {
		t.Errorf("the entries of the CLI's archive (-) and ours (+) differ:\n%s", diff)
	}
}

func allEntries(t *testing.T, content []byte) []string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for _, f := range archive.File {
		entries = append(entries, f.Name)
	}
	slices.Sort(entries)
	return entries
}
