// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command terraform-provider-dbos is the Terraform provider for DBOS Cloud.
// Terraform starts it; there is little reason to start it by hand.
package main

import (
	"flag"
	"log"
	"os"
	"runtime/debug"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debuggable := flag.Bool("debug", false, "run under a debugger and print what to set for Terraform to attach")
	flag.Parse()

	tune()
	var options []tf6server.ServeOpt
	if *debuggable {
		options = append(options, tf6server.WithManagedDebug())
	}
	err := tf6server.Serve("registry.terraform.io/dbos-community/dbos", provider.NewServer(version), options...)
	if err != nil {
		log.Fatal(err)
	}
}

// memoryLimit is where the collector begins to work harder: a plan of a
// thousand objects fits below it, and a small agent has room beside it.
const memoryLimit = 56 << 20

// tune takes off what costs a large plan a third of its time without being
// asked for: the libraries format their trace lines even where no log is
// written, and a short-lived process gains nothing from a small heap. What the
// user has set stays as it is.
func tune() {
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
