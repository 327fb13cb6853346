// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Build builds the provider of the module at root into dir, with the release's flags, and returns its path.
func Build(ctx context.Context, root, dir string) (string, error) {
	path := filepath.Join(dir, "terraform-provider-dbos")
	return path, GoBuild(ctx, root, path, ".")
}

// noTrace leaves out gRPC's request tracing, which a plugin does not use and which takes half a megabyte.
const noTrace = "-tags=grpcnotrace"

// GoBuild builds one program of the module at root, with the release's flags and further ones for the linker.
func GoBuild(ctx context.Context, root, path, pkg string, ldflags ...string) error {
	linker := "-ldflags=" + strings.Join(append([]string{"-s", "-w"}, ldflags...), " ")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", noTrace, linker, "-o", path, pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	// Killed, go would leave its temporary folder behind.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// Workspace is a folder in which the engine runs.
type Workspace struct {
	Dir    string
	Engine *Engine
	// Env is added to the cleaned environment of each command.
	Env []string
}

// New makes dir a workspace: it puts the provider into the folder's own plugin directory, where init finds it without
// configuration.
func New(engine *Engine, provider, dir string, env ...string) (*Workspace, error) {
	const version = "0.0.1"
	for _, providers := range ProviderDirs(filepath.Join(dir, "terraform.d", "plugins")) {
		file := ProviderFile(providers, version)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.Symlink(provider, file); err != nil {
			return nil, err
		}
	}
	return &Workspace{Dir: dir, Engine: engine, Env: env}, nil
}

// Replace replaces the configuration by that of another folder, and keeps the state.
func (w *Workspace) Replace(from string) error {
	old, err := filepath.Glob(filepath.Join(w.Dir, "*.tf"))
	if err != nil {
		return err
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return Copy(from, w.Dir)
}

// RunError is a command that ended with an exit code other than 0.
type RunError struct {
	Command string
	Code    int
	Output  string
}

func (e *RunError) Error() string {
	return fmt.Sprintf("%s: exit code %d\n%s", e.Command, e.Code, strings.TrimSpace(e.Output))
}

// Run runs a command, such as "apply", and returns its output and error output. If ctx ends, it asks the engine to
// stop, as Ctrl-C does. The engine and all that it started have ended when Run returns.
func (w *Workspace) Run(ctx context.Context, args ...string) (string, error) {
	var out strings.Builder
	cmd := w.command(ctx, args)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := w.wait(ctx, cmd, args, func() string { return out.String() })
	return out.String(), err
}

// JSON runs a command that prints JSON, and decodes it into v.
func (w *Workspace) JSON(ctx context.Context, v any, args ...string) error {
	var out, errs strings.Builder
	cmd := w.command(ctx, args)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := w.wait(ctx, cmd, args, func() string { return errs.String() }); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out.String()), v); err != nil {
		return fmt.Errorf("%s: %w", w.Command(args...), err)
	}
	return nil
}

// Outputs decodes the values of all outputs, sensitive ones too, into v, a pointer to a struct or map.
func (w *Workspace) Outputs(ctx context.Context, v any) error {
	var outputs map[string]struct {
		Value json.RawMessage `json:"value"`
	}
	if err := w.JSON(ctx, &outputs, "output", "-json"); err != nil {
		return err
	}
	values := make(map[string]json.RawMessage, len(outputs))
	for name, output := range outputs {
		values[name] = output.Value
	}
	encoded, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, v)
}

// Command is the command that a person would type for a Run with these arguments.
func (w *Workspace) Command(args ...string) string {
	return w.Engine.Name + " " + strings.Join(args, " ")
}

func (w *Workspace) command(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, w.Engine.Path, args...)
	cmd.Dir = w.Dir
	cmd.Env = Environment(os.Environ(), w.Env...)
	ownGroup(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

func (w *Workspace) wait(ctx context.Context, cmd *exec.Cmd, args []string, output func() string) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	defer killGroup(cmd.Process.Pid)
	err := cmd.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &RunError{Command: w.Command(args...), Code: exit.ExitCode(), Output: output()}
	}
	return err
}

// ModuleRoot is the folder of the go.mod that the working directory belongs to.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("this has to be run within the module: there is no go.mod here or above")
		}
		dir = parent
	}
}
