// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// withParent ends the context when "go run" has started this program and is killed: it passes no signal on, and would
// leave the local cloud running with nobody to stop it. Any other parent may end before us, such as a shell that
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

// goRun are the paths of what "go run" starts: in a temporary folder the first time, in the build cache from then on.
var goRun = regexp.MustCompile(`/(go-build\d+/b\d+/exe|[0-9a-f]{2}/[0-9a-f]{64}-d)/[^/]+$`)

func builtByGoRun(program string) bool { return goRun.MatchString(filepath.ToSlash(program)) }

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
