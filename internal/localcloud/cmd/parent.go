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

// withParent ends the context when this program was started by "go run" and that is killed. A killed "go run" passes no
// signal on, and nobody would stop the local cloud. Other parents may end first, such as a shell that started this
// program in the background.
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

// goRun matches the paths of programs that "go run" starts: in a temporary folder the first time, later in the build
// cache.
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
