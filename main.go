// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Command terraform-provider-dbos is the Terraform provider for DBOS Cloud. Terraform starts it; there is little reason
// to start it by hand.
package main

import (
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/dbos-community/terraform-provider-dbos/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debuggable := flag.Bool("debug", false, "run under a debugger and print what to set for Terraform to attach")
	flag.Parse()

	provider.Tune()
	var options []tf6server.ServeOpt
	if *debuggable {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		provider.EndWithParent()
	}
	err := tf6server.Serve("registry.terraform.io/dbos-community/dbos", provider.NewServer(version), options...)
	if err != nil {
		log.Fatal(err)
	}
}
