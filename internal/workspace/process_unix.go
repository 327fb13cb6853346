// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package workspace

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps a Ctrl-C at the terminal from the engine: it would get two interrupts then, that one and Cancel's, and
// after a second one it leaves its providers running.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// killGroup ends what a command has left running, if anything. The error of a group that is gone already is the usual
// case.
func killGroup(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}
