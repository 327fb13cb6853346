// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"os"
	"runtime"
	"time"
)

// EndWithParent ends this process within a second after the one that has started it. A Terraform that is killed, or
// that leaves at a second Ctrl-C, does not stop its providers, and nothing else would. The calls that were under way
// have lost their connection to Terraform then, which cancels them. On Windows, where a process keeps the number of a
// parent that is gone, it does nothing.
func EndWithParent() {
	if runtime.GOOS == "windows" {
		return
	}
	parent := os.Getppid()
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent {
				os.Exit(1)
			}
		}
	}()
}
