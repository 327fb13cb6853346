// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package examples

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// TestModuleUnderTest types the commands of the guide in the module of examples/testing: "terraform test" against a
// local cloud with a real PostgreSQL, and with mocks.
func TestModuleUnderTest(t *testing.T) {
	t.Parallel()
	bin, engine := t.TempDir(), acctest.Engine(t)
	for name, program := range map[string]string{
		"dbos-localcloud": acctest.Program(t, "dbos-localcloud", "./internal/localcloud/cmd"),
		engine.Name:       engine.Path,
	} {
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	const file = "tests/local_cloud.tftest.hcl"
	for name, test := range map[string]struct {
		heading   string
		hostname  string // that the test demands
		code      int
		summaries []string
	}{
		"local cloud": {"With a local cloud", "127.0.0.1", 0, []string{file + "... pass", "Success! 4 passed, 0 failed."}},
		"failure":     {"With a local cloud", "db.example.com", 1, []string{file + "... fail", "The instance is not on this machine."}},
		"mocks":       {"With mocks", "db.example.com", 0, []string{"Success! 2 passed, 0 failed."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "testing")
			if err := workspace.Copy(filepath.Join(acctest.Root(t), "examples", "testing"), dir); err != nil {
				t.Fatal(err)
			}
			demandHostname(t, filepath.Join(dir, file), test.hostname)
			if _, err := acctest.Workspace(t, dir).Run(t.Context(), "init"); err != nil {
				t.Fatal(err)
			}
			command := testCommand(t, test.heading)
			out, code := typed(t, dir, bin, command)
			if code != test.code {
				t.Errorf("%s ends with %d, want %d:\n%s", command, code, test.code, out)
			}
			for _, summary := range test.summaries {
				if !strings.Contains(out, summary) {
					t.Errorf("%s does not say %q:\n%s", command, summary, out)
				}
			}
		})
	}
}

// testCommand is the command for the engine that the guide shows under a heading.
func testCommand(t *testing.T, heading string) string {
	t.Helper()
	command := regexp.MustCompile("[`\n]((?:dbos-localcloud run -- )?" + acctest.Engine(t).Name + " test.*?)[`\n]")
	found := command.FindStringSubmatch(guideSection(t, "testing-modules", heading))
	if found == nil {
		t.Fatalf("the guide shows no command of %s under %q", acctest.Engine(t).Name, heading)
	}
	return found[1]
}

// demandHostname has the module's test demand another host name than that of this machine.
func demandHostname(t *testing.T, file, hostname string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), `hostname == "127.0.0.1"`, `hostname == "`+hostname+`"`, 1)
	if !strings.Contains(edited, `"`+hostname+`"`) {
		t.Fatalf("%s demands no host name", file)
	}
	if err := os.WriteFile(file, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
}

// typed runs a command as somebody would who has nothing of DBOS in the environment and the programs of bin on the
// PATH. It returns what the command printed, and its exit code.
func typed(t *testing.T, dir, bin, command string) (string, int) {
	t.Helper()
	words, temporary := strings.Fields(command), t.TempDir()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, words[0]), words[1:]...)
	cmd.Dir = dir
	path := bin + string(os.PathListSeparator) + os.Getenv("PATH")
	cmd.Env = workspace.Environment(os.Environ(), "PATH="+path, "TMPDIR="+temporary)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%s leaves %v behind: %v", command, left, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// guideSection is what the guide says under a heading.
func guideSection(t *testing.T, name, heading string) string {
	t.Helper()
	guide, err := os.ReadFile(filepath.Join(acctest.Root(t), "templates", "guides", name+".md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(guide), "# "+heading+"\n")
	if !found {
		t.Fatalf("the guide has no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	return section
}
