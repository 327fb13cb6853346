// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// cliVersion is the newest release of the CLI.
const cliVersion = "2.10.24"

// packJob is what testdata/pack.mjs takes.
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

// installCLI installs the CLI with npm, once a machine, in the user's cache.
var installCLI = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "terraform-provider-dbos", "dbos-cloud-"+cliVersion)
	installed := filepath.Join(dir, "node_modules", "@dbos-inc", "dbos-cloud")
	if _, err := os.Stat(dir); err == nil {
		return installed, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	// Several processes may get here at once; the folder appears as a whole.
	unfinished, err := os.MkdirTemp(filepath.Dir(dir), "unfinished-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(unfinished)                                                                                                                                       //nolint:errcheck // It is gone if all went well.
	npm := exec.Command("npm", "install", "--prefix", unfinished, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "@dbos-inc/dbos-cloud@"+cliVersion) //nolint:noctx // The installation outlives the test that begins it.
	if output, err := npm.CombinedOutput(); err != nil {
		return "", &installError{err, output}
	}
	if err := os.Rename(unfinished, dir); err != nil {
		if _, statErr := os.Stat(installed); statErr != nil {
			return "", err
		}
	}
	return installed, nil
})

type installError struct {
	err    error
	output []byte
}

func (e *installError) Error() string { return e.err.Error() + "\n" + string(e.output) }

// runCLI lets the published CLI pack directories.
func runCLI(t *testing.T, jobs []packJob) []packResult {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the comparison with the CLI needs %s: %v", tool, err)
		}
	}
	cli, err := installCLI()
	if err != nil {
		t.Skipf("the CLI cannot be installed with npm: %v", err)
	}
	input, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs(filepath.Join("testdata", "pack.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	node := exec.CommandContext(t.Context(), "node", script, cli)
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
