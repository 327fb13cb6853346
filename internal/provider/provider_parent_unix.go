// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider

import (
	"cmp"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// EndWithParent ends this process within two seconds after the one that has started it. A Terraform that is killed, or
// that leaves at a second Ctrl-C, does not stop its providers, and nothing else would. The calls that were under way
// have lost their connection to Terraform then, which cancels them.
func EndWithParent() {
	// Two signals would end the process at once, and leave the socket behind. The first is SIGPIPE: nobody reads the
	// log of a provider without a parent, so its next line raises the signal. The second is SIGINT: Ctrl-C reaches
	// Terraform and its providers alike, and go-plugin ignores it only when the provider serves.
	signal.Notify(make(chan os.Signal, 1), unix.SIGPIPE, unix.SIGINT)
	parent := os.Getppid()
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent || unread(unix.Stdout) {
				removeSocket()
				os.Exit(1)
			}
		}
	}()
}

// unread reports whether a file is a pipe that nobody reads. The standard output is such a pipe if Terraform was gone
// before the provider asked for its parent.
func unread(file int) bool {
	state := []unix.PollFd{{Fd: int32(file)}}
	_, err := unix.Poll(state, 0)
	return err == nil && state[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}

// removeSocket removes the file of the socket that this process serves. go-plugin makes it, tells its name to Terraform
// only, and removes it when Terraform stops the provider.
func removeSocket() {
	const files = 64 // The socket is one of the first files that a provider opens.
	prefix := filepath.Join(cmp.Or(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), os.TempDir()), "plugin")
	for file := range files {
		address, err := unix.Getsockname(file)
		if err != nil {
			continue
		}
		if socket, ok := address.(*unix.SockaddrUnix); ok && strings.HasPrefix(socket.Name, prefix) {
			_ = os.Remove(socket.Name)
		}
	}
}
