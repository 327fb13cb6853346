// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func dieWithParent(attr *syscall.SysProcAttr, last syscall.Signal) { attr.Pdeathsig = last }

// passTo gives a command a file or directory, and returns the name by which the command can open it. The account may
// not be allowed through the parent directories, such as root's home, so it inherits the open file. The caller closes
// cmd.ExtraFiles when the command has started.
func (a *account) passTo(cmd *exec.Cmd, dir string) (string, error) {
	if a == nil {
		return dir, nil
	}
	open, err := os.Open(dir)
	if err != nil {
		return "", err
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, open)
	return "/proc/self/fd/" + strconv.Itoa(2+len(cmd.ExtraFiles)), nil
}

// processesIn finds the processes of a server. All of them have the program's name, and the data directory as their
// working directory.
func processesIn(data string) ([]int, error) {
	want, err := os.Stat(data)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // not a process
		}
		// A process may have ended, or be another user's.
		proc := filepath.Join("/proc", entry.Name())
		name, err := os.ReadFile(filepath.Join(proc, "comm"))
		if err != nil || strings.TrimSpace(string(name)) != "postgres" {
			continue
		}
		if cwd, err := os.Stat(filepath.Join(proc, "cwd")); err == nil && os.SameFile(cwd, want) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// freeMemory frees the shared memory segment by which a server guards its data directory. The system keeps the segment
// of a killed server.
func freeMemory(data string) error {
	key, id, found := memoryOf(data)
	if !found {
		return nil
	}
	info, err := os.Stat(data)
	if err != nil {
		return err
	}
	owner, _ := info.Sys().(*syscall.Stat_t)
	var segment unix.SysvShmDesc
	_, err = unix.SysvShmCtl(id, unix.IPC_STAT, &segment)
	if err != nil || uint32(segment.Perm.Key) != key || segment.Nattch > 0 || owner == nil || segment.Perm.Uid != owner.Uid {
		return nil //nolint:nilerr // It is gone, or is somebody else's.
	}
	_, err = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	return err
}
