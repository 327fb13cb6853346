// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

var (
	summaryLine = regexp.MustCompile(`(?m)^(Apply complete!|Destroy complete!|No changes\.).*$`)
	errorLine   = regexp.MustCompile(`(?m)^.?\s*(Error: .*)$`)
)

// apply runs a command that changes something, and checks the counts that it prints.
func (d *demo) apply(ctx context.Context, w *workspace.Workspace, want string, args ...string) error {
	out, err := d.run(ctx, w, args...)
	if err != nil {
		return err
	}
	summary := summaryLine.FindString(out)
	d.said(summary)
	if !strings.Contains(summary, want) {
		return fmt.Errorf("%s should have said %q:\n%s", w.Command(args...), want, out)
	}
	return nil
}

// create applies a configuration for the first time, and reads its outputs.
func (d *demo) create(ctx context.Context, w *workspace.Workspace, want string, outputs any) error {
	if _, err := d.run(ctx, w, "init"); err != nil {
		return err
	}
	if err := d.apply(ctx, w, want, "apply", "-auto-approve"); err != nil {
		return err
	}
	return w.Outputs(ctx, outputs)
}

// unchanged checks that a plan has nothing to do.
func (d *demo) unchanged(ctx context.Context, w *workspace.Workspace) error {
	_, err := d.run(ctx, w, "plan", "-detailed-exitcode")
	var exit *workspace.RunError
	if errors.As(err, &exit) && exit.Code == 2 {
		return fmt.Errorf("the plan should have been empty:\n%s", exit.Output)
	}
	return err
}

// refused checks that a command fails with an error that holds a text.
func (d *demo) refused(ctx context.Context, w *workspace.Workspace, want string, args ...string) error {
	_, err := d.run(ctx, w, args...)
	var exit *workspace.RunError
	switch {
	case err == nil:
		return fmt.Errorf("%s should have been refused", w.Command(args...))
	case !errors.As(err, &exit) || !strings.Contains(unwrapped(exit.Output), want):
		return fmt.Errorf("the refusal should have said %q: %w", want, err)
	}
	for _, line := range errorLine.FindAllStringSubmatch(exit.Output, -1) {
		d.said(line[1])
	}
	return nil
}

// unwrapped joins lines that Terraform has wrapped and marked with a bar.
func unwrapped(output string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(output, "│", " ")), " ")
}
