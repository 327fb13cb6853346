// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix && !linux

package postgres

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent does nothing on this system. What a killed process leaves running ends when its directory is opened
// again.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

// restrictThread does nothing on this system: a server can open what its user can.
func restrictThread(string, ...string) error { return nil }

// passTo returns the name by which a command can open a file or directory.
func (*account) passTo(_ *exec.Cmd, dir string) (string, error) { return dir, nil }

// processesIn finds a server by its PID file. It trusts the PID only if that process is a PostgreSQL that was started
// on this directory.
func processesIn(data string) ([]int, error) {
	note := readPIDFile(data)
	if note.pid == 0 {
		return nil, nil
	}
	out, err := exec.CommandContext(context.Background(), "ps", "-o", "command=", "-p", strconv.Itoa(note.pid)).Output()
	if err != nil {
		return nil, nil //nolint:nilerr // ps fails where there is no such process.
	}
	program, arguments, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if filepath.Base(program) != "postgres" || !strings.HasPrefix(arguments, "-D "+data+" ") {
		return nil, nil
	}
	return []int{note.pid}, nil
}

// freeMemory does nothing on this system. The next server that gets the same key frees the memory.
func freeMemory(string) error { return nil }
