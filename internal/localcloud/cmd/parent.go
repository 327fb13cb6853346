// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// withParent ends the context when "go run" has started this program and is
// killed: it passes no signal on, and would leave the local cloud running with
// nobody to stop it. Any other parent may end before us, such as a shell that
// started us in the background.
func withParent(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if program, err := os.Executable(); err == nil && builtByGoRun(program) {
		go func() {
			awaitParent(ctx)
			cancel()
		}()
	}
	return ctx, cancel
}

// builtByGoRun knows a program by the temporary folder that "go run" builds in.
func builtByGoRun(program string) bool {
	for _, part := range strings.Split(filepath.ToSlash(program), "/") {
		if strings.HasPrefix(part, "go-build") {
			return filepath.Base(filepath.Dir(program)) == "exe"
		}
	}
	return false
}

func awaitParent(ctx context.Context) {
	parent := os.Getppid()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for os.Getppid() == parent {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
