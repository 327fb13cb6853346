// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package workspace

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script makes an engine of a shell script.
func script(t *testing.T, body string) *Workspace {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "engine")
	// A child of another test that inherits the open file would keep it from being run.
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return &Workspace{Dir: dir, Engine: &Engine{Name: "terraform", Path: path}}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	got := Environment([]string{"PATH=/bin", "TF_LOG=TRACE", "TF_CLI_CONFIG_FILE=/home/me/.terraformrc", "DBOS_TOKEN=real", "TOFU_X=1"}, "DBOS_TOKEN=local")
	want := []string{"PATH=/bin", "TF_CLI_CONFIG_FILE=" + os.DevNull, "TF_CLI_ARGS=-no-color", "TF_INPUT=0", "CHECKPOINT_DISABLE=1", "DBOS_TOKEN=local"}
	if !slices.Equal(got, want) {
		t.Errorf("environment = %q, want %q", got, want)
	}
}

func TestRunTellsTheExitCodeAndTheOutput(t *testing.T) {
	t.Parallel()
	w := script(t, `echo "said $*"; echo "$GREETING" >&2; exit 2`)
	w.Env = []string{"GREETING=hello"}
	out, err := w.Run(t.Context(), "plan", "-detailed-exitcode")
	if out != "said plan -detailed-exitcode\nhello\n" {
		t.Errorf("output = %q", out)
	}
	var exit *RunError
	if !errors.As(err, &exit) || exit.Code != 2 || exit.Command != "terraform plan -detailed-exitcode" || exit.Output != out {
		t.Errorf("error = %#v, want a RunError with code 2", err)
	}
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	w := script(t, `echo '{"port":{"sensitive":true,"type":"number","value":5432},"other":{"value":[1]}}'`)
	var outputs struct {
		Port int `json:"port"`
	}
	if err := w.Outputs(t.Context(), &outputs); err != nil || outputs.Port != 5432 {
		t.Errorf("outputs = %+v, %v", outputs, err)
	}
}

// An interrupted engine may leave its providers running. Run ends them.
func TestInterruptedRunLeavesNothing(t *testing.T) {
	t.Parallel()
	w := script(t, `
trap 'echo told > told; exit 1' INT
sh -c 'trap "" INT; while :; do sleep 0.01; done' >/dev/null 2>&1 & echo $! > child.tmp; mv child.tmp child
while :; do sleep 0.01; done`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		for range 6000 {
			if _, err := os.Stat(filepath.Join(w.Dir, "child")); err == nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if _, err := w.Run(ctx, "apply"); !errors.Is(err, context.Canceled) {
		t.Fatalf("error = %v, want context.Canceled", err)
	}
	if _, err := os.Stat(filepath.Join(w.Dir, "told")); err != nil {
		t.Errorf("the engine was not asked to stop: %v", err)
	}
	child, err := os.ReadFile(filepath.Join(w.Dir, "child"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(child)))
	if err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Errorf("process %d is still there", pid)
	}
}

// alive waits a moment, since a killed process exists until it is reaped.
func alive(pid int) bool {
	for range 6000 {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) || zombie(pid) {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

func zombie(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestCopyLeavesOutWhatTerraformMade(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	for _, name := range []string{
		"main.tf", "app/package.json", "app/start.sh",
		".terraform/providers/x", ".terraform.lock.hcl", "terraform.d/plugins/x", "terraform.tfstate", "terraform.tfstate.backup", "crash.log",
	} {
		path := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := Copy(from, to); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := filepath.WalkDir(to, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			got = append(got, strings.TrimPrefix(path, to+"/"))
		}
		return err
	})
	if want := []string{"app/package.json", "app/start.sh", "main.tf"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("copied %q, %v, want %q", got, err, want)
	}
}

func TestReplaceKeepsTheState(t *testing.T) {
	t.Parallel()
	from, w := t.TempDir(), &Workspace{Dir: t.TempDir()}
	for _, path := range []string{
		filepath.Join(from, "main.tf"),
		filepath.Join(w.Dir, "main.tf"), filepath.Join(w.Dir, "old.tf"), filepath.Join(w.Dir, "terraform.tfstate"),
	} {
		if err := os.WriteFile(path, []byte(path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Replace(from); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(w.Dir, "*"))
	if want := []string{filepath.Join(w.Dir, "main.tf"), filepath.Join(w.Dir, "terraform.tfstate")}; err != nil || !slices.Equal(files, want) {
		t.Errorf("files = %q, %v, want %q", files, err, want)
	}
	if content, err := os.ReadFile(filepath.Join(w.Dir, "main.tf")); err != nil || string(content) != filepath.Join(from, "main.tf") {
		t.Errorf("main.tf = %q, %v", content, err)
	}
}
