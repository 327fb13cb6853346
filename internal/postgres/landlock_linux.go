// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Landlock restricts a server, and every process that it starts, to its own directories. It needs no privileges and
// restricts servers of root and of ordinary users alike.

const (
	landlockRead = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	landlockRun  = landlockRead | unix.LANDLOCK_ACCESS_FS_EXECUTE
	// No links, pipes or sockets.
	landlockOwn = landlockRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_REFER |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR
	landlockFile = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// landlockVersion is 0 without Landlock. Version 1 counts as none, since it forbids to move files between directories.
func landlockVersion() int {
	version, _, err := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if err != 0 || version < 2 {
		return 0
	}
	return int(version)
}

// landlockAll is all that a version can forbid.
func landlockAll(version int) unix.LandlockRulesetAttr {
	all := unix.LandlockRulesetAttr{Handled_access_fs: 1<<14 - 1}
	if version >= 3 {
		all.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		all.Handled_access_net = unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 5 {
		all.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		all.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return all
}

// rulesetSize is the size of the fields of unix.LandlockRulesetAttr that are used here, in bytes.
const rulesetSize = 3 * 8

// restrictThread restricts the present thread, and all processes that it starts, to the directories of a server. They
// may also read what every program needs, and run programs, since the server archives its log by shell commands.
func restrictThread(bin string, own ...string) error {
	version := landlockVersion()
	if version == 0 {
		return nil
	}
	all := landlockAll(version)
	ruleset, _, failure := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&all)), rulesetSize, 0)
	if failure != 0 {
		return fmt.Errorf("keep a server in its directory: %w", failure)
	}
	defer func() { _ = unix.Close(int(ruleset)) }()
	rules := map[string]uint64{}
	for _, path := range []string{"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr", "/nix/store", "/gnu/store"} {
		rules[path] = landlockRun
	}
	rules[bin] = landlockRun
	for _, beside := range []string{"bin", "lib", "lib64", "share"} {
		rules[filepath.Join(filepath.Dir(bin), beside)] = landlockRun
	}
	for _, name := range []string{
		"ld.so.cache", "ld.so.preload", "localtime", "timezone", "passwd", "group", "nsswitch.conf", "hosts", "host.conf", "resolv.conf",
		"gai.conf", "ssl/openssl.cnf", "pki/tls/openssl.cnf", "crypto-policies", "postgresql-common",
	} {
		rules[filepath.Join("/etc", name)] = landlockRead
	}
	for _, device := range []string{"null", "zero", "random", "urandom"} {
		rules[filepath.Join("/dev", device)] = landlockFile &^ unix.LANDLOCK_ACCESS_FS_EXECUTE
	}
	for _, path := range own {
		rules[path] = landlockOwn
	}
	for path, access := range rules {
		if err := allow(int(ruleset), path, access&all.Handled_access_fs); err != nil {
			return fmt.Errorf("keep a server in its directory: %s: %w", path, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("keep a server in its directory: %w", err)
	}
	if _, _, failure := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0); failure != 0 {
		return fmt.Errorf("keep a server in its directory: %w", failure)
	}
	return nil
}

// allow adds a rule for a path, if it exists.
func allow(ruleset int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		access &= landlockFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, failure := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if failure != 0 {
		return failure
	}
	return nil
}
