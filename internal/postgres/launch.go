// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// launcher runs functions on one thread that lives as long as this process. On Linux a child with a parent-death signal
// gets it when the thread that has started it ends.
var launcher = sync.OnceValue(func() chan<- func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	return calls
})

// start starts a command as the account, in a process group of its own, so that no interrupt from the terminal reaches
// it. On Linux the command is killed when this process ends.
func (a *account) start(cmd *exec.Cmd) error {
	a.prepare(cmd, syscall.SIGKILL)
	result := make(chan error)
	launcher() <- func() { result <- cmd.Start() }
	return <-result
}

func (a *account) prepare(cmd *exec.Cmd, last syscall.Signal) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	dieWithParent(cmd.SysProcAttr, last)
	if cmd.Dir == "" {
		cmd.Dir = "/" // the account may not enter the present one
	}
}

// startRestricted starts a server as start does, restricted to its own directories, and with another signal for the end
// of this process. The thread that starts it stays until the server has ended, since its end would end the server.
func (a *account) startRestricted(cmd *exec.Cmd, last syscall.Signal, ended <-chan struct{}, bin string, own ...string) error {
	a.prepare(cmd, last)
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: nothing else may run on this thread
		err := restrictThread(bin, own...)
		if err == nil {
			err = cmd.Start()
		}
		result <- err
		if err == nil {
			<-ended
		}
	}()
	return <-result
}

// environment is the environment of a server. This process's own may hold secrets and settings for clients, such as
// PGPORT.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
}
