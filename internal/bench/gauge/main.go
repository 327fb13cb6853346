// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

// Command gauge runs the program that GAUGE_PROGRAM names in its own place, and adds a line with that program's peak
// memory, in bytes, to the file that GAUGE_FILE names. Terraform starts it for the provider, so that the memory of the
// provider is measured from outside.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	// An interrupt is for the program, which ends by itself.
	signal.Ignore(os.Interrupt)
	cmd := exec.Command(os.Getenv("GAUGE_PROGRAM"), os.Args[1:]...) //nolint:noctx // It ends when Terraform ends it.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		log.Fatal(err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		log.Fatal("this system does not tell a program's peak memory")
	}
	bytes := usage.Maxrss
	if runtime.GOOS != "darwin" {
		bytes *= 1024
	}
	file, err := os.OpenFile(os.Getenv("GAUGE_FILE"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := fmt.Fprintln(file, bytes); err != nil {
		log.Fatal(err)
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}
