// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"log"
	"os"
	"runtime/debug"
	"strings"
)

// memoryLimit is where the collector begins to work harder: a plan of a
// thousand objects fits below it, and a small agent has room beside it.
const memoryLimit = 56 << 20

// Tune takes off what costs a large plan a third of its time without being
// asked for: the libraries format their trace lines even where no log is
// written, and a short-lived process gains nothing from a small heap. What the
// user has set stays as it is.
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

// logs tells whether any of Terraform's log variables has a value in the
// environment.
func logs(environ []string) bool {
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if value != "" && (name == "TF_LOG" || strings.HasPrefix(name, "TF_LOG_")) {
			return true
		}
	}
	return false
}
