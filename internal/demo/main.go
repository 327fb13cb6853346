// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command demo runs the examples as the guide describes them, with a real Terraform, a real PostgreSQL, and a local
// cloud in the place of DBOS Cloud. It checks what each step claims. However it ends, it leaves nothing behind.
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
	// The context also catches later signals, so that only the first one counts.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	console := newConsole(os.Stdout)
	start := time.Now()
	if err := runDemo(ctx, console); err != nil {
		console.failed(err)
		os.Exit(1)
	}
	console.line("%s\n", console.paint(bold, fmt.Sprintf("%d steps, %d proofs, %.0f s. Nothing is left behind.",
		console.steps, console.proofs, time.Since(start).Seconds())))
}

// step is one step of a scenario. It prints what it does, and returns an error if a check fails.
type step struct {
	title string
	guide string // the corresponding part of the guide
	play  func(context.Context) error
}

// scenarios prepare the configurations of the examples, with their steps, in the order in which they run.
var scenarios = []func(*demo) (steps []step, err error){
	firstDatabase,
	applications,
	recovery,
}

// runDemo runs all scenarios, and removes what they have made.
func runDemo(ctx context.Context, console *console) (err error) {
	d, err := newDemo(ctx, console)
	if err != nil {
		return err
	}
	defer func() {
		if ctx.Err() != nil {
			err = errors.New("interrupted")
		}
		err = errors.Join(err, d.close())
	}()

	console.title("DBOS Cloud databases, declared",
		fmt.Sprintf("The real %s %s and a real PostgreSQL. A local cloud at %s takes the place of DBOS Cloud.", d.engine.Name, d.engine.Version, d.cloud.Connection().Endpoint))
	for _, prepare := range scenarios {
		steps, err := prepare(d)
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

// demo is what all scenarios share.
type demo struct {
	*console
	root     string // of the module
	dir      string // removed at the end
	engine   *workspace.Engine
	provider string // path of the built program
	cloud    *localcloud.Server
}

// newDemo leaves nothing behind if it fails.
func newDemo(ctx context.Context, console *console) (_ *demo, err error) {
	d := &demo{console: console}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.engine, err = workspace.FindEngine(ctx); err != nil {
		return nil, err
	}
	if d.root, err = workspace.ModuleRoot(); err != nil {
		return nil, err
	}
	if d.dir, err = os.MkdirTemp("", "dbos-demo-"); err != nil {
		return nil, err
	}
	done := console.during("building the provider")
	d.provider, err = workspace.Build(ctx, d.root, d.dir)
	done()
	if err != nil {
		return nil, err
	}
	done = console.during("starting the local cloud")
	d.cloud, err = localcloud.Start(ctx, localcloud.Options{Backend: "postgres", ProvisionTime: time.Second})
	done()
	return d, err
}

// close ends and removes all that the demo has made.
func (d *demo) close() error {
	defer d.during("clearing up")()
	var errs []error
	if d.cloud != nil {
		errs = append(errs, d.cloud.Close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}

// open copies an example, and makes a workspace of a folder in it, whose provider uses the local cloud.
func (d *demo) open(example, folder string, env ...string) (*workspace.Workspace, error) {
	dir := filepath.Join(d.dir, example)
	if err := workspace.Copy(filepath.Join(d.root, "examples", example), dir); err != nil {
		return nil, err
	}
	connection := d.cloud.Connection()
	env = append(env,
		"DBOS_ENDPOINT="+connection.Endpoint,
		"DBOS_AUTH_ENDPOINT="+connection.AuthEndpoint,
		"DBOS_REFRESH_TOKEN="+connection.RefreshToken,
		"DBOS_CA_CERTIFICATE_FILE="+connection.CAFile,
	)
	return workspace.New(d.engine, d.provider, filepath.Join(dir, folder), env...)
}

// run prints and runs a command, which has to succeed.
func (d *demo) run(ctx context.Context, w *workspace.Workspace, args ...string) (string, error) {
	d.command(w.Command(args...))
	done := d.during(args[0])
	out, err := w.Run(ctx, args...)
	done()
	return out, err
}
