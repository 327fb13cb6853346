// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command demo plays the guide with a real Terraform, a real PostgreSQL and a local cloud in the place of DBOS Cloud,
// and proves what each step says. It leaves nothing behind, however it ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

func main() {
	// A second signal has nothing to add: the first is already being obeyed.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	console := newConsole(os.Stdout)
	start := time.Now()
	if err := play(ctx, console); err != nil {
		console.failed(err)
		os.Exit(1)
	}
	console.line("%s\n", console.paint(bold, fmt.Sprintf("%d steps, %d proofs, %.0f s. Nothing is left behind.",
		console.steps, console.proofs, time.Since(start).Seconds())))
}

// step is one step of the guide. It prints what it does, and returns an error where something is not as it should be.
type step struct {
	title string
	guide string // what the guide has for it
	play  func(context.Context) error
}

// acts are the configurations that are played one after another, each with its steps.
var acts = []func(*stage) (steps []step, err error){
	firstDatabase,
	applications,
	recovery,
}

// play sets the stage, plays all acts, and clears the stage.
func play(ctx context.Context, console *console) (err error) {
	s, err := newStage(ctx, console)
	if err != nil {
		return err
	}
	defer func() {
		if ctx.Err() != nil {
			err = errors.New("interrupted")
		}
		err = errors.Join(err, s.close())
	}()

	console.title("DBOS Cloud databases, declared",
		fmt.Sprintf("The real %s %s and a real PostgreSQL; a local cloud at %s plays DBOS Cloud.", s.engine.Name, s.engine.Version, s.cloud.Connection().Endpoint))
	for _, act := range acts {
		steps, err := act(s)
		if err != nil {
			return err
		}
		for _, step := range steps {
			console.step(step.title, step.guide)
			if err := step.play(ctx); err != nil {
				return err
			}
			console.line("")
		}
	}
	return nil
}

// stage is what all acts share.
type stage struct {
	*console
	root     string // of the module
	dir      string // removed at the end
	engine   *workspace.Engine
	provider string // path of the built program
	cloud    *localcloud.Server
}

// newStage leaves nothing behind if it fails.
func newStage(ctx context.Context, console *console) (_ *stage, err error) {
	s := &stage{console: console}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.engine, err = workspace.FindEngine(ctx); err != nil {
		return nil, err
	}
	if s.root, err = workspace.ModuleRoot(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "dbos-demo-"); err != nil {
		return nil, err
	}
	done := console.during("building the provider")
	s.provider, err = workspace.Build(ctx, s.root, s.dir)
	done()
	if err != nil {
		return nil, err
	}
	done = console.during("starting the local cloud")
	s.cloud, err = localcloud.Start(ctx, localcloud.Options{Backend: "postgres", ProvisionTime: time.Second})
	done()
	return s, err
}

// close ends and removes all that the stage has made.
func (s *stage) close() error {
	defer s.during("clearing up")()
	var errs []error
	if s.cloud != nil {
		errs = append(errs, s.cloud.Close())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// open copies examples/EXAMPLE, and makes a workspace of a folder in it that talks to the local cloud.
func (s *stage) open(example, folder string, env ...string) (*workspace.Workspace, error) {
	dir := filepath.Join(s.dir, example)
	if err := workspace.Copy(filepath.Join(s.root, "examples", example), dir); err != nil {
		return nil, err
	}
	connection := s.cloud.Connection()
	env = append(env,
		"DBOS_ENDPOINT="+connection.Endpoint,
		"DBOS_AUTH_ENDPOINT="+connection.AuthEndpoint,
		"DBOS_REFRESH_TOKEN="+connection.RefreshToken,
		"DBOS_CA_CERTIFICATE_FILE="+connection.CAFile,
	)
	return workspace.New(s.engine, s.provider, filepath.Join(dir, folder), env...)
}

// run runs a command that has to succeed, and shows it.
func (s *stage) run(ctx context.Context, w *workspace.Workspace, args ...string) (string, error) {
	s.command(w.Command(args...))
	done := s.during(args[0])
	out, err := w.Run(ctx, args...)
	done()
	return out, err
}
