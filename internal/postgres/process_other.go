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

// dieWithParent can do nothing here: what a killed process leaves running is ended when its directory is opened again.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

// restrictThread can do nothing here: a server can open what its user can.
func restrictThread(string, ...string) error { return nil }

// passTo gives a command a directory, and returns the name that the command is to use for it.
func (*account) passTo(_ *exec.Cmd, dir string) (string, error) { return dir, nil }

// processesIn finds a server by its own note, and believes that only if the process is a PostgreSQL that was started
// with this directory.
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

// freeMemory leaves it to the next server that gets the same key.
func freeMemory(string) error { return nil }
