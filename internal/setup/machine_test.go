// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func TestUnasked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		manager string
		machine machine
		prefix  string
		allowed bool
	}{
		"root":                     {"apt-get", machine{root: true}, "env DEBIAN_FRONTEND=noninteractive", true},
		"sudo without a password":  {"apt-get", machine{sudo: true}, "sudo -n env DEBIAN_FRONTEND=noninteractive", true},
		"an ordinary user":         {"apt-get", machine{}, "", false},
		"an ordinary user in CI":   {"apt-get", machine{ci: true}, "", false},
		"Homebrew":                 {"brew", machine{sudo: true}, "", false},
		"Homebrew in CI":           {"brew", machine{ci: true}, "", true},
		"Homebrew as root, in CI":  {"brew", machine{ci: true, root: true}, "", false},
		"Fedora":                   {"dnf", machine{root: true}, "env DEBIAN_FRONTEND=noninteractive", true},
		"sudo that wants password": {"apk", machine{}, "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			manager, ok := postgres.Manager(func(program string) bool { return program == test.manager })
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
