// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// SandboxUser is whom commands run as that are not to be trusted. For root it is a user that nobody else on the machine
// is: neither the servers nor other guests can be reached by it. For an ordinary user it is that user.
type SandboxUser struct{ account *account }

// sandboxIDs are ranges of user numbers that systems leave free. A container may know only the second.
var sandboxIDs = []struct{ first, count int64 }{{0x70000000, 1 << 27}, {61184, 4336}}

// NewSandboxUser finds a user that has no name and no process.
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
			offset, err := rand.Int(rand.Reader, big.NewInt(numbers.count))
			if err != nil {
				return nil, err
			}
			id := int(numbers.first + offset.Int64())
			if _, err := user.LookupId(strconv.Itoa(id)); err == nil || len(processesOf(id)) > 0 {
				continue
			}
			return &SandboxUser{account: &account{name: "number " + strconv.Itoa(id), uid: id, gid: id}}, nil
		}
	}
	return nil, errors.New("there is no free user on this machine to run an application's commands as")
}

// mapped tells whether this process may become any user of a range.
func mapped(first, count int64) bool {
	content, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return true // a system without such maps
	}
	for line := range strings.Lines(string(content)) {
		var inside, outside, size int64
		if _, err := fmt.Sscan(line, &inside, &outside, &size); err == nil && inside <= first && first+count <= inside+size {
			return true
		}
	}
	return false
}

// SandboxUserOf is the guest who owns what an earlier process has left at a path.
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
	return nil, fmt.Errorf("%s belongs to no guest", path)
}

// Chown gives a file or directory to the guest.
func (g *SandboxUser) Chown(path string) error { return g.account.chown(path) }

// TempDir is a folder for temporary files that the guest can reach.
func (g *SandboxUser) TempDir() (string, error) { return g.account.tempDir() }

// Start starts a command as the guest, in a process group of its own. On Linux it is killed when this process ends,
// however that ends.
func (g *SandboxUser) Start(cmd *exec.Cmd) error { return g.account.start(cmd) }

// Owns tells whether a file is one that the guest alone can have made.
func (g *SandboxUser) Owns(info os.FileInfo) bool {
	owner, known := info.Sys().(*syscall.Stat_t)
	return g.account != nil && known && int(owner.Uid) == g.account.uid
}

// End ends every process of the guest, whatever it has done to hide. An ordinary user has other processes too: of those
// it ends the ones that have home as their HOME or work in it.
func (g *SandboxUser) End(ctx context.Context, home string) error {
	const timeout = 10 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	for {
		left, err := g.endOnce(ctx, home)
		if err != nil || !left {
			return err
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("end what the commands in %s have started: %w", home, err)
		}
	}
}

func (g *SandboxUser) endOnce(ctx context.Context, home string) (left bool, err error) {
	if g.account == nil {
		pids := processesAt(home)
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
		}
		return len(pids) > 0, nil
	}
	// A signal to all that the guest may signal leaves no time to fork.
	kill := exec.CommandContext(ctx, "/bin/sh", "-c", "kill -s KILL -- -1")
	kill.Env = []string{"PATH=/usr/bin:/bin"}
	if err := g.account.start(kill); err != nil {
		return false, fmt.Errorf("end the processes of the user %s: %w", g.account.name, err)
	}
	_ = kill.Wait() // It fails where there is none.
	return len(processesOf(g.account.uid)) > 0, nil
}

// processesOf are the living processes of a user, where the system shows them.
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

// ended tells of a process that only waits for its parent to notice.
func ended(dir string) bool {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	return strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}

// processesAt are those of this user that have a folder as their home, or work in it.
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
		return nil // a system that does not show them
	}
	var pids []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && match(filepath.Join("/proc", entry.Name())) {
			pids = append(pids, pid)
		}
	}
	return pids
}
