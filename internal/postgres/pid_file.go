// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"fmt"
	"strconv"
	"strings"
)

// pidFile is the file that a running server keeps in its data directory.
const pidFile = "postmaster.pid"

type pidFileContent struct {
	pid   int
	ready bool
}

// readPIDFile reads a PID file, which the server may not have completed yet.
func readPIDFile(data string) pidFileContent {
	var note pidFileContent
	content, err := readRegular(data, pidFile)
	if err != nil {
		return note
	}
	lines := strings.Split(string(content), "\n")
	note.pid, err = strconv.Atoi(lines[0])
	note.ready = err == nil && len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
	return note
}

// memoryOf is the shared memory that the PID file of a killed server names.
func memoryOf(data string) (key uint32, id int, found bool) {
	content, err := readRegular(data, pidFile)
	if err != nil {
		return 0, 0, false
	}
	lines := strings.Split(string(content), "\n")
	if len(lines) < 7 {
		return 0, 0, false
	}
	var wide uint64
	_, err = fmt.Sscan(lines[6], &wide, &id)
	return uint32(wide), id, err == nil
}
