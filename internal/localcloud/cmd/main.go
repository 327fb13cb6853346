// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command dbos-localcloud runs a local cloud: a server on this machine that speaks the DBOS Cloud control-plane API.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const usage = `A local cloud that speaks the DBOS Cloud control-plane API.

Usage:
  dbos-localcloud up [flags]             run a local cloud until Ctrl-C
  dbos-localcloud run [flags] -- COMMAND
                                         run one for the length of a command
  dbos-localcloud status [flags]         show what a running one holds
  dbos-localcloud reset [flags]          delete everything that a running one holds
  dbos-localcloud fault add [flags]      let requests to a running one fail
  dbos-localcloud fault list [flags]     show the faults and how often each has hit
  dbos-localcloud fault clear [flags] [ID]
                                         take one fault away, or all of them

"dbos-localcloud up --help", and so with every command, tells the flags.
`

// errUsage ends the program after the usage was shown.
var errUsage = errors.New("wrong usage")

func main() {
	// A reader of our output that goes away must not take the servers with it. An ignored signal would also be ignored
	// by every command that we start.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := untilSignal(context.Background())
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	var command *exec.ExitError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case errors.As(err, &command):
		os.Exit(exitCode(command))
	default:
		fmt.Fprintln(os.Stderr, "dbos-localcloud:", err)
		os.Exit(1)
	}
}

// untilSignal ends the context when the user wants an end.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "up":
		return up(ctx, args, stdout, stderr)
	case "run":
		return runCommand(ctx, args, stdout, stderr)
	case "status":
		return status(ctx, args, stdout, stderr)
	case "reset":
		return reset(ctx, args, stderr)
	case "fault":
		return fault(ctx, args, stdout, stderr)
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	default:
		_, err := io.WriteString(stderr, usage)
		return errors.Join(errUsage, err)
	}
}

// parse reads flags. What is wrong with them was shown when it returns.
func parse(flags *flag.FlagSet, args []string) error {
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage
	}
	return nil
}

// parseAlone reads flags that no argument may follow.
func parseAlone(flags *flag.FlagSet, args []string) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		_, _ = fmt.Fprintf(flags.Output(), "%s takes no argument, and got %q\n", flags.Name(), flags.Arg(0))
		return errUsage
	}
	return nil
}

// newFlags are flags whose help begins with a text of its own.
func newFlags(name, about string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprintf(stderr, "%s\n\nFlags:\n", about)
		flags.PrintDefaults()
	}
	return flags
}
