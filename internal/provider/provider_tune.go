// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"log"
	"os"
	"runtime/debug"
	"strings"
)

// memoryLimit is where the garbage collector begins to work harder. A plan of a thousand objects fits below it, and
// leaves room on a small machine.
const memoryLimit = 56 << 20

// Tune saves a large plan a third of its time. The libraries format trace lines even if no log is written, so it turns
// those off; and it lets the heap of this short-lived process grow. It keeps whatever the user has set.
func Tune() {
	if !logs(os.Environ()) {
		for _, name := range []string{"TF_LOG_SDK", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO"} {
			if err := os.Setenv(name, "off"); err != nil {
				log.Print(err)
			}
		}
	}
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(400)
	}
	if _, set := os.LookupEnv("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// logs tells whether any of Terraform's log variables has a value in the environment.
func logs(environ []string) bool {
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if value != "" && (name == "TF_LOG" || strings.HasPrefix(name, "TF_LOG_")) {
			return true
		}
	}
	return false
}
