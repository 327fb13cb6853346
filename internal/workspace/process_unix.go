// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package workspace

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps a Ctrl-C at the terminal from the engine. The engine would get two interrupts, that one and Cancel's,
// and leaves its providers running after the second.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// killGroup ends what a command has left running. It usually fails, since usually nothing is left.
func killGroup(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}
