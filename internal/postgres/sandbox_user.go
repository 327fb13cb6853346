// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// SandboxUser is the user that untrusted commands run as. If this process is root, each one has a user ID that nothing
// else on the machine has, and cannot reach the servers or other sandbox users. Otherwise it is the user of this
// process.
type SandboxUser struct{ account *account }

// sandboxIDs are ranges of user IDs that systems leave free. A container may map only the second.
var sandboxIDs = []struct{ first, count int64 }{{0x70000000, 1 << 27}, {61184, 4336}}

// NewSandboxUser finds a user ID without a name and without a process.
func NewSandboxUser() (*SandboxUser, error) {
	if os.Geteuid() != 0 {
		return &SandboxUser{}, nil
	}
	const attempts = 20
	for _, numbers := range sandboxIDs {
		if !mapped(numbers.first, numbers.count) {
			continue
		}
		for range attempts {
			id := int(numbers.first + rand.Int64N(numbers.count))
			if _, err := user.LookupId(strconv.Itoa(id)); err == nil || len(processesOf(id)) > 0 {
				continue
			}
			return &SandboxUser{account: &account{name: "number " + strconv.Itoa(id), uid: id, gid: id}}, nil
		}
	}
	return nil, errors.New("there is no free user on this machine to run an application's commands as")
}

// mapped tells whether the user namespace of this process has all user IDs of a range.
func mapped(first, count int64) bool {
	content, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return true // this system has no user namespaces
	}
	for line := range strings.Lines(string(content)) {
		var inside, outside, size int64
		if _, err := fmt.Sscan(line, &inside, &outside, &size); err == nil && inside <= first && first+count <= inside+size {
			return true
		}
	}
	return false
}

// SandboxUserOf is the sandbox user of an earlier process that owns a path.
func SandboxUserOf(path string) (*SandboxUser, error) {
	if os.Geteuid() != 0 {
		return &SandboxUser{}, nil
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if owner, known := info.Sys().(*syscall.Stat_t); known {
		for _, numbers := range sandboxIDs {
			if id := int64(owner.Uid); id >= numbers.first && id < numbers.first+numbers.count {
				return &SandboxUser{account: &account{uid: int(id), gid: int(id)}}, nil
			}
		}
	}
	return nil, fmt.Errorf("%s belongs to no sandbox user", path)
}

// Chown gives a file or directory to the user.
func (u *SandboxUser) Chown(path string) error { return u.account.chown(path) }

// TempDir is a folder for temporary files that the user can reach.
func (u *SandboxUser) TempDir() (string, error) { return u.account.tempDir() }

// Start starts a command as the user, in a process group of its own. On Linux it is killed when this process ends.
func (u *SandboxUser) Start(cmd *exec.Cmd) error { return u.account.start(cmd) }

// Owns tells whether only the sandbox user can have made a file.
func (u *SandboxUser) Owns(info os.FileInfo) bool {
	owner, known := info.Sys().(*syscall.Stat_t)
	return u.account != nil && known && int(owner.Uid) == u.account.uid
}

// End ends every process of the user, however it hides. If the user is that of this process, it ends those that have
// home as their HOME or work in it.
func (u *SandboxUser) End(ctx context.Context, home string) error {
	const timeout = 10 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	for {
		left, err := u.endOnce(ctx, home)
		if err != nil || !left {
			return err
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("end what the commands in %s have started: %w", home, err)
		}
	}
}

func (u *SandboxUser) endOnce(ctx context.Context, home string) (left bool, err error) {
	if u.account == nil {
		pids := processesAt(home)
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // fails if it has ended already
		}
		return len(pids) > 0, nil
	}
	// One signal to all processes leaves them no time to fork.
	kill := exec.CommandContext(ctx, "/bin/sh", "-c", "kill -s KILL -- -1")
	kill.Env = []string{"PATH=/usr/bin:/bin"}
	if err := u.account.start(kill); err != nil {
		return false, fmt.Errorf("end the processes of the user %s: %w", u.account.name, err)
	}
	_ = kill.Wait() // fails if there is no process
	return len(processesOf(u.account.uid)) > 0, nil
}

// processesOf finds the processes of a user, on systems with /proc.
func processesOf(id int) []int {
	return processes(func(dir string) bool {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		owner, known := info.Sys().(*syscall.Stat_t)
		return known && int(owner.Uid) == id && !ended(dir)
	})
}

// ended tells whether a process is a zombie or gone.
func ended(dir string) bool {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	return strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}

// processesAt finds the processes of this user that have a folder as their HOME or work in it.
func processesAt(home string) []int {
	return processes(func(dir string) bool {
		if cwd, err := os.Readlink(filepath.Join(dir, "cwd")); err == nil && (cwd == home || strings.HasPrefix(cwd, home+"/")) {
			return !ended(dir)
		}
		environ, err := os.ReadFile(filepath.Join(dir, "environ"))
		return err == nil && strings.Contains("\x00"+string(environ), "\x00HOME="+home+"\x00")
	})
}

func processes(match func(dir string) bool) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil // a system without /proc
	}
	var pids []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && match(filepath.Join("/proc", entry.Name())) {
			pids = append(pids, pid)
		}
	}
	return pids
}
