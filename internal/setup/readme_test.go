// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

const address = "https://github.com/dbos-community/terraform-provider-dbos"

// TestFourCommands types the README's commands as a newcomer does, from the clone to the first database. They run in a
// new home, with the lines pasted that earlier commands print.
func TestFourCommands(t *testing.T) {
	t.Parallel()
	root, err := workspace.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := workspace.FindEngine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := strings.Split(strings.TrimSpace(block(t, readme, `(?s)## Use it\n.*?`+"```shell\n(.*?)```")), "\n")
	if len(commands) != 4 {
		t.Fatalf("the README has %d commands, want 4: %q", len(commands), commands)
	}
	n := newNewcomer(t, root)
	clone := filepath.Join(n.home, "terraform-provider-dbos")

	n.types(t, n.home, commands[0])
	lines := block(t, []byte(n.types(t, clone, commands[1])), `(?ms)^(terraform \{.*?^\}\n)`)
	config := block(t, readme, "(?s)```terraform\n(.*?)```")
	if !strings.Contains(config, lines) {
		t.Errorf("make install asks to paste\n%s\nand the README has\n%s", lines, config)
	}
	exports := n.starts(t, clone, commands[2])

	own := filepath.Join(n.home, "own")
	write(t, filepath.Join(own, "main.tf"), config)
	last := strings.ReplaceAll(commands[3], "terraform ", engine.Name+" ")
	out := n.types(t, own, exports+last, "Correct-horse-7", "yes")
	if !strings.Contains(out, "Apply complete! Resources: 1 added") {
		t.Errorf("%s printed:\n%s", last, out)
	}

	// Another build has another version, and the older one is gone.
	write(t, filepath.Join(clone, "another.go"), "package main\n\nfunc init() { version += \"\" }\n")
	n.types(t, clone, "make install")
	n.types(t, own, "! "+engine.Name+" init && "+engine.Name+" init -upgrade")
	for _, providers := range workspace.ProviderDirs(home{dir: n.home}.plugins()) {
		if versions, err := builds(providers); err != nil || len(versions) != 1 {
			t.Errorf("versions in %s: %q, %v, want one", providers, versions, err)
		}
	}
	n.types(t, clone, "make uninstall")
	n.types(t, own, "rm -r .terraform .terraform.lock.hcl; test ! -e ~/.terraform.d")
}

func block(t *testing.T, text []byte, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("nothing matches %s in:\n%s", pattern, text)
	}
	return string(found[1])
}

// newcomer types commands in a new home.
type newcomer struct {
	home string
	env  []string
}

// newNewcomer makes the project's address lead to a copy of this tree. Go's caches are those of the machine.
func newNewcomer(t *testing.T, root string) *newcomer {
	t.Helper()
	dir := t.TempDir()
	n := &newcomer{home: filepath.Join(dir, "home")}
	source := filepath.Join(dir, "source")
	n.env = []string{
		"HOME=" + n.home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "CHECKPOINT_DISABLE=1",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url." + source + ".insteadOf", "GIT_CONFIG_VALUE_0=" + address,
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN"} {
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		n.env = append(n.env, name+"="+strings.TrimSpace(string(value)))
	}
	for _, dir := range []string{n.home, source} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	n.types(t, root, `git ls-files --cached --others --exclude-standard -z |
		while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
		tar --null -T - -cf - | tar -xf - -C `+source)
	n.types(t, source, "git init --quiet && git add --all && git -c user.name=n -c user.email=n@example.com commit --quiet --message copy")
	return n
}

// types runs a command that has to succeed, and answers its questions.
func (n *newcomer) types(t *testing.T, dir, command string, answers ...string) string {
	t.Helper()
	cmd := n.command(t.Context(), dir, command)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out := &terminal{input: input, answers: answers}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return out.String()
}

// starts runs a command until the test ends, and returns the environment that it prints.
func (n *newcomer) starts(t *testing.T, dir, command string) string {
	t.Helper()
	cmd := n.command(context.WithoutCancel(t.Context()), dir, command)
	out := &terminal{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // Interrupted, make always fails.
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		<-ended
	})
	exports := regexp.MustCompile(`(?m)^export .*\n`)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			t.Fatalf("%s ended:\n%s", command, out)
		case <-tick.C:
		}
		if strings.Contains(out.String(), "export DBOS_ORGANIZATION=") {
			return strings.Join(exports.FindAllString(out.String(), -1), "")
		}
	}
}

func (n *newcomer) command(ctx context.Context, dir, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-c", command)
	cmd.Dir, cmd.Env = dir, n.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// terminal keeps what a command prints, and answers its questions in turn.
type terminal struct {
	mu      sync.Mutex
	text    bytes.Buffer
	input   io.Writer
	answers []string
	asked   int
}

func (o *terminal) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if questions := bytes.Count(o.text.Bytes(), []byte("Enter a value:")); questions > o.asked && o.asked < len(o.answers) {
		o.asked++
		if _, err := io.WriteString(o.input, o.answers[o.asked-1]+"\n"); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (o *terminal) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
