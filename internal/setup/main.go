// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command setup prepares this machine:
//
//	setup            PostgreSQL for the local cloud
//	setup install    the provider, for every folder with a Terraform configuration
//	setup uninstall  takes the provider away
//
// PostgreSQL comes from the system's packages. Setup installs them if it may do so without asking: as root, in CI, or
// with a sudo that needs no password. Otherwise it prints the command to type, and fails.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func main() {
	config := flag.String("cli-config", os.Getenv("TF_CLI_CONFIG_FILE"), "the user's CLI configuration `file`, if not the default one")
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0), *config); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command, config string) error {
	if command == "" {
		return ensurePostgres(ctx)
	}
	h, err := newHome(config)
	if err != nil {
		return err
	}
	switch command {
	case "install":
		return install(ctx, h, os.Stdout)
	case "uninstall":
		return uninstall(h, os.Stdout)
	default:
		return fmt.Errorf("%q is not a command: use install, uninstall, or no command", command)
	}
}

func ensurePostgres(ctx context.Context) error {
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
		return fmt.Errorf("PostgreSQL is needed, but it is not installed. Run this command, then try again:\n\n  %s", manager.Line(here.root))
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

// execute runs a command, and shows its output only if it fails.
func execute(ctx context.Context, args []string) error {
	line := strings.Join(args, " ")
	fmt.Println("installing PostgreSQL:", line)
	if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", line, err, out)
	}
	return nil
}
