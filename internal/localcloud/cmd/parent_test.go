// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"testing"
)

func TestBuiltByGoRun(t *testing.T) {
	t.Parallel()
	const hash = "aebaf76c2b5fc4e19b874e7de9ec68ec1e33c62683060cd2ba60897445b079fd"
	for program, want := range map[string]bool{
		"/tmp/go-build1712857936/b001/exe/cmd":            true,
		"/root/.cache/go-build/ae/" + hash + "-d/cmd":     true,
		"/var/cache/ae/" + hash + "-d/cmd":                true,
		"/tmp/go-build1712857936/b001/localcloud.test":    false,
		"/home/go-build/exe/dbos-localcloud":              false,
		"/home/a/bin/dbos-localcloud":                     false,
		"/nix/store/ae/" + hash + "-dbos/dbos-localcloud": false,
	} {
		if got := builtByGoRun(program); got != want {
			t.Errorf("%s: %t", program, got)
		}
	}
}
