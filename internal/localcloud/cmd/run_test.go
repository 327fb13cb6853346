// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// runProgram runs "run" with a shell's command to its end.
func runProgram(t *testing.T, command string, flags ...string) (stdout string, code int) {
	t.Helper()
	temporary := t.TempDir()
	args := append(append([]string{"run", "--backend", "simulated"}, flags...), "--", "sh", "-c", command)
	process := exec.CommandContext(t.Context(), os.Args[0], args...)
	process.Env = append(os.Environ(), childVariable+"=1", "TMPDIR="+temporary, "DBOS_AUTH_ENDPOINT=https://elsewhere.example")
	var stderr bytes.Buffer
	process.Stderr = &stderr
	output, err := process.Output()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if stderr.Len() > 0 {
		t.Errorf("it also says %q", stderr.String())
	}
	return string(output), process.ProcessState.ExitCode()
}

func TestRunEndsAsItsCommand(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]struct {
		output string
		code   int
	}{
		"exit 0":               {"", 0},
		"echo out; exit 7":     {"out\n", 7},
		"kill -TERM $$":        {"", 128 + 15},
		"yes | head -n 1":      {"y\n", 0},
		`trap "" PIPE; exit 3`: {"", 3},
		`echo "$DBOS_ORGANIZATION${DBOS_AUTH_ENDPOINT-}"`: {"local\n", 0},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			if output, code := runProgram(t, command); output != want.output || code != want.code {
				t.Errorf("it prints %q and ends with %d, want %q and %d", output, code, want.output, want.code)
			}
		})
	}
}

// The environment alone leads the command to the local cloud.
func TestRunEnvironmentLeadsToTheLocalCloud(t *testing.T) {
	t.Parallel()
	output, code := runProgram(t, `"`+os.Args[0]+`" status --json`, "--tls")
	var s localcloud.Status
	if err := json.Unmarshal([]byte(output), &s); err != nil || code != 0 || !strings.HasPrefix(s.Endpoint, "https://127.0.0.1:") || s.Backend != "simulated" {
		t.Errorf("%d %s: %v", code, output, err)
	}
}

// A signal reaches the command, and the local cloud runs until the command has ended.
func TestRunPassesSignalsOn(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			const command = `trap '"$0" status --json | grep -c simulated; exit 5' TERM HUP; echo ready; while :; do sleep 0.05; done`
			p := startProgram(t, "run", "--backend", "simulated", "--", "sh", "-c", command, os.Args[0])
			if line, err := p.output.ReadString('\n'); line != "ready\n" {
				t.Fatalf("%q: %v %s", line, err, p.stderr.String())
			}
			if err := p.process.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(p.output)
			if err != nil || string(rest) != "1\n" {
				t.Errorf("then it prints %q: %v", rest, err)
			}
			_ = p.process.Wait()
			if code := p.process.ProcessState.ExitCode(); code != 5 {
				t.Errorf("it ends with %d: %s", code, p.stderr.String())
			}
		})
	}
}

func TestRunOfAMissingCommand(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	// It is looked for before PostgreSQL is, which is not there either.
	err := run(t.Context(), []string{"run", "--postgres-bin", t.TempDir(), "--", "no-such-command"}, io.Discard, &stderr)
	if err == nil || !strings.Contains(err.Error(), "no-such-command") {
		t.Error(err)
	}
}
