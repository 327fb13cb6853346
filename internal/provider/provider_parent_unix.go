// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// EndWithParent ends this process within a second after the one that has started it. A Terraform that is killed, or
// that leaves at a second Ctrl-C, does not stop its providers, and nothing else would. The calls that were under way
// have lost their connection to Terraform then, which cancels them.
func EndWithParent() {
	parent := os.Getppid()
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent {
				removeSocket()
				os.Exit(1)
			}
		}
	}()
}

// removeSocket removes the file of the socket that this process serves. go-plugin makes it, tells its name to Terraform
// only, and removes it when Terraform stops the provider.
func removeSocket() {
	const files = 64 // The socket is one of the first files that a provider opens.
	prefix := filepath.Join(cmp.Or(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), os.TempDir()), "plugin")
	for file := range files {
		address, err := syscall.Getsockname(file)
		if err != nil {
			continue
		}
		if socket, ok := address.(*syscall.SockaddrUnix); ok && strings.HasPrefix(socket.Name, prefix) {
			_ = os.Remove(socket.Name)
		}
	}
}
