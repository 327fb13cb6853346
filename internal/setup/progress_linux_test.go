// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// On a terminal, progress shows what runs and for how long; elsewhere it prints nothing. It exits with the code of the
// command.
func TestProgress(t *testing.T) {
	t.Parallel()
	t.Run("a terminal", func(t *testing.T) {
		t.Parallel()
		const untilItTicks = `./progress "building it" sh -c '` +
			`until grep -q "building it … [1-9]" "$SCREEN"; do sleep 0.1; done; echo built; exit 3'`
		screen := filepath.Join(t.TempDir(), "screen")
		out := exitsWith3(t, []string{"SCREEN=" + screen},
			"script", "--quiet", "--flush", "--return", "--command", untilItTicks, screen)
		if !regexp.MustCompile(`building it … \d+ s`).MatchString(out) || !strings.Contains(out, "built") {
			t.Errorf("printed %q", out)
		}
	})
	t.Run("a pipe", func(t *testing.T) {
		t.Parallel()
		out := exitsWith3(t, nil, "./progress", "building it", "sh", "-c", "sleep 1.5; echo built; exit 3")
		if out != "built\n" {
			t.Errorf("printed %q", out)
		}
	})
}

// exitsWith3 runs a command, which has to exit with the code 3, and returns what it printed.
func exitsWith3(t *testing.T, environment []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(append(cmd.Environ(), "TERM=xterm"), environment...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("%v, want the exit code 3:\n%s", err, out)
	}
	return string(out)
}
