// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os/exec"
	"strings"
	"testing"
)

// On a terminal, progress shows what runs and for how long; elsewhere it prints nothing. It exits with the code of the
// command.
func TestProgress(t *testing.T) {
	t.Parallel()
	const command = `./progress "building it" sh -c "sleep 1.5; echo built; exit 3"`
	tests := map[string]struct {
		args  []string
		shows bool
	}{
		"a terminal": {[]string{"script", "--quiet", "--return", "--command", command, "/dev/null"}, true},
		"a pipe":     {[]string{"bash", "-c", command}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), test.args[0], test.args[1:]...)
			cmd.Env = append(cmd.Environ(), "TERM=xterm")
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 3 {
				t.Errorf("%v, want the exit code 3:\n%s", err, out)
			}
			shows := strings.Contains(string(out), "building it … 1 s")
			if shows != test.shows || !strings.Contains(string(out), "built") {
				t.Errorf("printed %q", out)
			}
		})
	}
}
