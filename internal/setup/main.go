// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command setup makes sure that there is a PostgreSQL for the local cloud. It
// installs the system's own package where it may do so unasked: as root, in
// CI, or with a sudo that wants no password. Elsewhere it prints the one
// command to type, and fails.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	_, missing := postgres.Find("")
	if missing == nil {
		return nil
	}
	here := thisMachine(ctx)
	manager, ok := postgres.Manager(postgres.OnPath)
	if !ok {
		return missing
	}
	prefix, allowed := here.unasked(manager)
	if !allowed {
		return fmt.Errorf("PostgreSQL is needed, and is not installed. Run this, then try again:\n\n  %s", manager.Line(here.root))
	}
	var failures []error
	for _, command := range manager.Commands {
		if err := execute(ctx, append(prefix, command...)); err != nil {
			failures = append(failures, err)
		}
	}
	if _, err := postgres.Find(""); err != nil {
		return errors.Join(append(failures, err)...)
	}
	return nil
}

func thisMachine(ctx context.Context) machine {
	return machine{
		root: os.Geteuid() == 0,
		sudo: postgres.OnPath("sudo") && exec.CommandContext(ctx, "sudo", "-n", "true").Run() == nil,
		ci:   os.Getenv("CI") != "",
	}
}

// execute runs a command. What it prints is of interest only if it fails.
func execute(ctx context.Context, args []string) error {
	line := strings.Join(args, " ")
	fmt.Println("installing PostgreSQL:", line)
	if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", line, err, out)
	}
	return nil
}
