// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

const aboutRun = `dbos-localcloud run runs a local cloud while a command runs.

The command gets the environment variables that "up" prints, and all signals.
When the command ends, the local cloud stops, and this program exits with the
exit code of the command. Without --state-dir, it leaves nothing behind.

  dbos-localcloud run -- terraform test`

func runCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o localcloud.Options
	flags := newFlags("run", aboutRun, stderr)
	serverFlags(flags, &o)
	log := flags.Bool("log", false, "show the log of the local cloud on standard error")
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		_, _ = fmt.Fprintln(stderr, "run needs a command: dbos-localcloud run -- COMMAND")
		return errUsage
	}
	if _, err := exec.LookPath(flags.Arg(0)); err != nil {
		return err // It would only be found out once the local cloud is there.
	}
	if *log {
		o.Log = stderr
	}
	server, err := localcloud.Start(ctx, o)
	if err != nil {
		return err
	}
	err = runWith(ctx, server.Connection(), flags.Args(), stdout, stderr)
	hurry, stop := untilSignal(context.WithoutCancel(ctx))
	defer stop()
	return errors.Join(err, server.Shutdown(hurry))
}

// runWith runs a command with the environment of a local cloud until it ends.
func runWith(ctx context.Context, c localcloud.Connection, args []string, stdout, stderr io.Writer) error {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := ctx.Err(); err != nil {
		return err // A signal came before the command started.
	}
	//nolint:noctx // The command ends by itself, or by a signal that this program passes on.
	command := exec.Command(args[0], args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, stdout, stderr
	command.Env = commandEnvironment(os.Environ(), c)
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	orphaned, stop := withParent(context.WithoutCancel(ctx))
	defer stop()
	terminal := hasTerminal()
	for {
		select {
		case err := <-ended:
			return err
		case s := <-signals:
			// Ctrl-C reaches the command by itself; a second one would force it.
			if s != os.Interrupt || !terminal {
				_ = command.Process.Signal(s)
			}
		case <-orphaned.Done():
			_ = command.Process.Signal(syscall.SIGTERM)
			orphaned = context.WithoutCancel(ctx)
		}
	}
}

// hasTerminal tells whether there is a terminal, which sends its signals to this program and to the command.
func hasTerminal() bool {
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	_ = terminal.Close()
	return true
}

// commandEnvironment sets the variables that lead to the local cloud, and removes those that could lead elsewhere.
func commandEnvironment(environment []string, c localcloud.Connection) []string {
	elsewhere := []string{"DBOS_ENDPOINT", "DBOS_DOMAIN", "DBOS_AUTH_ENDPOINT", "DBOS_TOKEN", "DBOS_REFRESH_TOKEN", "DBOS_ORGANIZATION", "DBOS_CREDENTIALS_FILE", "DBOS_CA_CERTIFICATE_FILE"}
	kept := slices.DeleteFunc(slices.Clone(environment), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(elsewhere, name)
	})
	kept = append(kept, "DBOS_ENDPOINT="+c.Endpoint, "DBOS_TOKEN="+c.Token, "DBOS_REFRESH_TOKEN="+c.RefreshToken, "DBOS_ORGANIZATION="+c.Organization)
	if c.CAFile != "" {
		kept = append(kept, "DBOS_CA_CERTIFICATE_FILE="+c.CAFile, "DBOS_DOMAIN="+strings.TrimPrefix(c.Endpoint, "https://"), "NODE_EXTRA_CA_CERTS="+c.CAFile)
	}
	return kept
}

// exitCode is the exit code of a command as a shell reports it.
func exitCode(command *exec.ExitError) int {
	if status, ok := command.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return command.ExitCode()
}
