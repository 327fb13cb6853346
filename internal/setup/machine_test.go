// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"slices"
	"strings"
	"testing"
)

func with(programs ...string) func(string) bool {
	return func(program string) bool { return slices.Contains(programs, program) }
}

func TestUnasked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		machine machine
		prefix  string
		allowed bool
	}{
		"root":                     {machine{installed: with("apt-get"), root: true}, "env DEBIAN_FRONTEND=noninteractive", true},
		"sudo without a password":  {machine{installed: with("apt-get"), sudo: true}, "sudo -n env DEBIAN_FRONTEND=noninteractive", true},
		"an ordinary user":         {machine{installed: with("apt-get")}, "", false},
		"an ordinary user in CI":   {machine{installed: with("apt-get"), ci: true}, "", false},
		"Homebrew":                 {machine{installed: with("brew"), sudo: true}, "", false},
		"Homebrew in CI":           {machine{installed: with("brew"), ci: true}, "", true},
		"Homebrew as root, in CI":  {machine{installed: with("brew"), ci: true, root: true}, "", false},
		"the first known manager":  {machine{installed: with("dnf", "brew"), root: true}, "env DEBIAN_FRONTEND=noninteractive", true},
		"sudo that wants password": {machine{installed: with("apk", "sudo")}, "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			manager, ok := test.machine.manager()
			if !ok {
				t.Fatal("no package manager")
			}
			prefix, allowed := test.machine.unasked(manager)
			if strings.Join(prefix, " ") != test.prefix || allowed != test.allowed {
				t.Errorf("unasked = %q, %t, want %q, %t", prefix, allowed, test.prefix, test.allowed)
			}
		})
	}
}

func TestNoKnownManager(t *testing.T) {
	t.Parallel()
	if manager, ok := (machine{installed: with("emerge")}).manager(); ok {
		t.Errorf("manager = %q, want none", manager.program)
	}
}

func TestTyped(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"apt-get": "sudo apt-get update && sudo apt-get install -y --no-install-recommends postgresql",
		"apk":     "sudo apk add postgresql postgresql-client",
		"brew":    "brew install postgresql@17 && brew link --force postgresql@17",
	}
	for program, want := range tests {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			manager, _ := machine{installed: with(program)}.manager()
			if got := manager.typed(); got != want {
				t.Errorf("typed = %q, want %q", got, want)
			}
		})
	}
}
