// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// scripted makes a demo whose engine is a shell script, and what it prints.
func scripted(t *testing.T, body string) (*demo, *workspace.Workspace, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "engine")
	// A child of another test may inherit the open file, which could then not be executed.
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return &demo{console: &console{out: &out}}, &workspace.Workspace{Dir: dir, Engine: &workspace.Engine{Name: "terraform", Path: path}}, &out
}

const refusal = `cat <<'TEXT'
╷
│ Error: Database instance "shop" is protected from being
│ destroyed
│
│ Set deletion_protection = false.
╵
TEXT
exit 1`

func TestApply(t *testing.T) {
	t.Parallel()
	d, w, out := scripted(t, `echo making it; echo; echo "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."`)
	if err := d.apply(t.Context(), w, "1 added, 0 changed", "apply", "-auto-approve"); err != nil {
		t.Error(err)
	}
	want := "   $ terraform apply -auto-approve\n     Apply complete! Resources: 1 added, 0 changed, 0 destroyed.\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out, want)
	}
	if err := d.apply(t.Context(), w, "0 added, 1 changed", "apply"); err == nil {
		t.Error("other counts than demanded were accepted")
	}
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"exit 0":                    "",
		"echo '~ password'; exit 2": "the plan should have been empty",
		"echo 'Error: x'; exit 1":   "exit code 1",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			d, w, _ := scripted(t, script)
			err := d.unchanged(t.Context(), w)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("unchanged = %v, want %q", err, want)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	d, w, out := scripted(t, refusal)
	if err := d.refused(t.Context(), w, "is protected from being destroyed", "destroy"); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), `     Error: Database instance "shop" is protected from being`) {
		t.Errorf("printed %q, want the error's line", out)
	}
	if err := d.refused(t.Context(), w, "something else", "destroy"); err == nil {
		t.Error("another error than demanded was accepted")
	}
	d, w, _ = scripted(t, "exit 0")
	if err := d.refused(t.Context(), w, "anything", "destroy"); err == nil {
		t.Error("a success was accepted")
	}
}

func TestConsoleIsPlainWithoutATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := &console{out: &out}
	c.title("Title", "detail")
	c.step("Do it", "guide")
	c.during("working")()
	c.proved("it is %s", "so")
	c.failed(errors.New("one\ntwo"))
	want := "\nTitle\ndetail\n\n1. Do it  (guide)\n   ok it is so\n   FAILED: one\n     two\n\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}

func TestConsoleColoursOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := &console{out: &out, colour: true}
	c.proved("so")
	if want := "   \x1b[32m✓\x1b[0m so\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}
