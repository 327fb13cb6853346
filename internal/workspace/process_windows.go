// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package workspace

import (
	"context"
	"os/exec"
	"strconv"
	"syscall"
)

// ownGroup keeps a Ctrl-C at the terminal from the engine, as on other systems.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// killGroup ends a command and what it has started. It usually fails, since usually nothing is left.
func killGroup(pid int) {
	_ = exec.CommandContext(context.Background(), "taskkill", "/T", "/F", "/PID", strconv.Itoa(pid)).Run()
}
