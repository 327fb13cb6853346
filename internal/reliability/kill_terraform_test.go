// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// terraformRun is a run of Terraform that is under way.
type terraformRun struct {
	command *exec.Cmd
	output  *bytes.Buffer // to be read after its end
	done    chan struct{}
}

func startTerraform(t *testing.T, w *workspace.Workspace, args ...string) *terraformRun {
	t.Helper()
	r := &terraformRun{
		command: exec.CommandContext(context.WithoutCancel(t.Context()), w.Engine.Path, args...),
		output:  &bytes.Buffer{}, done: make(chan struct{}),
	}
	r.command.Dir, r.command.Env = w.Dir, workspace.Environment(os.Environ(), w.Env...)
	r.command.Stdout, r.command.Stderr = r.output, r.output
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.command.WaitDelay = 10 * time.Second
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = r.command.Wait() // How it ends is the test's matter.
		close(r.done)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-r.command.Process.Pid, syscall.SIGKILL)
		<-r.done
	})
	return r
}

func (r *terraformRun) running() bool {
	select {
	case <-r.done:
		return false
	default:
		return true
	}
}

// waitFor lets it go on for a while.
func (r *terraformRun) waitFor(ctx context.Context, d time.Duration) {
	select {
	case <-r.done:
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// signal reaches Terraform and its provider, as Ctrl-C at a terminal does.
func (r *terraformRun) signal(s syscall.Signal) {
	if r.running() {
		_ = syscall.Kill(-r.command.Process.Pid, s)
	}
}

// kill reaches Terraform alone.
func (r *terraformRun) kill() { _ = r.command.Process.Kill() }

// providers are the processes of the provider that Terraform has started, and that are still there.
func (r *terraformRun) providers(t *testing.T) []int {
	t.Helper()
	program, err := filepath.EvalSymlinks(acctest.Provider(t))
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, folder := range folders {
		// A process that ends meanwhile has neither.
		exe, _ := os.Readlink(filepath.Join(folder, "exe"))
		pid, _ := strconv.Atoi(filepath.Base(folder))
		if group, err := syscall.Getpgid(pid); exe == program && err == nil && group == r.command.Process.Pid {
			found = append(found, pid)
		}
	}
	return found
}
