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
	"slices"
	"syscall"

	"github.com/dbos-community/terraform-provider-dbos/internal/homepath"
)

const usage = `A local cloud: a server on this machine with the API of DBOS Cloud.

Usage:
  dbos-localcloud up [flags]             run a local cloud until Ctrl-C
  dbos-localcloud run [flags] -- COMMAND
                                         run a local cloud while COMMAND runs
  dbos-localcloud status [flags]         show the instances, applications, faults and requests
  dbos-localcloud reset [flags]          delete all instances, applications and faults
  dbos-localcloud fault add [flags]      make requests fail
  dbos-localcloud fault list [flags]     show the faults, and how often each was used
  dbos-localcloud fault clear [flags] [ID]
                                         remove one fault, or all of them

Every command shows its flags with --help.
`

// errUsage ends the program with exit code 2. The usage was shown already.
var errUsage = errors.New("wrong usage")

func main() {
	// A reader of the output that goes away must not end the servers. The signal is caught and not ignored, since
	// commands inherit ignored signals.
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

// untilSignal ends the context at a signal that asks the program to stop.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
}

// command is one of the program's commands, or of "fault".
type command func(ctx context.Context, args []string, stdout, stderr io.Writer) error

var commands = map[string]command{"up": up, "run": runCommand, "status": status, "reset": reset, "fault": fault}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return dispatch(ctx, commands, usage, args, stdout, stderr)
}

// dispatch runs the command that the first argument names, or shows the help.
func dispatch(ctx context.Context, commands map[string]command, help string, args []string, stdout, stderr io.Writer) error {
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	if run, known := commands[name]; known {
		return run(ctx, args, stdout, stderr)
	}
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, name) {
		_, err := io.WriteString(stdout, help)
		return err
	}
	if name != "" {
		help = fmt.Sprintf("There is no command %q.\n\n%s", name, help)
	}
	_, err := io.WriteString(stderr, help)
	return errors.Join(errUsage, err)
}

// parse reads flags. It has shown what is wrong with them when it returns an error.
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
		_, _ = fmt.Fprintf(flags.Output(), "%s takes no argument, but got %q\n", flags.Name(), flags.Arg(0))
		return errUsage
	}
	return nil
}

// folderFlag is a flag for a folder. A shell does not expand the ~ of --state-dir=~/cloud.
func folderFlag(flags *flag.FlagSet, folder *string, name, usage string) {
	flags.Func(name, usage, func(value string) (err error) {
		*folder, err = homepath.Expand(value)
		return err
	})
}

// newFlags makes a set of flags whose help begins with a text about the command.
func newFlags(name, about string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprintf(stderr, "%s\n\nFlags:\n", about)
		flags.PrintDefaults()
	}
	return flags
}
