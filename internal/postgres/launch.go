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

// launcher runs functions on one thread that lives as long as this process. On Linux the children that are to die with
// their parent die with the thread that started them.
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

// start starts a command as the account, in a process group of its own, where no interrupt from the terminal reaches
// it. On Linux it is killed when this process ends, however that ends.
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
		cmd.Dir = "/" // the present one may be closed to the account
	}
}

// startRestricted starts a command as start does, but leaves it a last signal of its own. The command starts on a
// thread that can open nothing but a server's directories and what every program needs. That thread lives until the
// command has ended, since its end would end the command.
func (a *account) startRestricted(cmd *exec.Cmd, last syscall.Signal, ended <-chan struct{}, bin string, own ...string) error {
	a.prepare(cmd, last)
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: nothing else is to run on it
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

// environment is all that a server gets to see of this process's own: what is set for clients (PGPORT) or secret stays
// out.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
}
