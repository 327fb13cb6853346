// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// account is the user that the servers run as if this process is root, since PostgreSQL refuses to run as root. A nil
// account stands for the user of this process.
type account struct {
	name     string
	uid, gid int
}

// serverAccount is the user postgres, which PostgreSQL's packages make, or else nobody.
func serverAccount(euid int) (*account, error) {
	if euid != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(found.Uid)
		if err != nil {
			return nil, fmt.Errorf("the user %s has the id %q: %w", name, found.Uid, err)
		}
		gid, err := strconv.Atoi(found.Gid)
		if err != nil {
			return nil, fmt.Errorf("the user %s has the group %q: %w", name, found.Gid, err)
		}
		return &account{name: name, uid: uid, gid: gid}, nil
	}
	return nil, fmt.Errorf("PostgreSQL refuses to run as root, and this machine has no user postgres or nobody to run it as")
}

// chown gives the account a file or directory that this process has made.
func (a *account) chown(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// id is the user ID of the account.
func (a *account) id() int {
	if a == nil {
		return os.Geteuid()
	}
	return a.uid
}

// mkdir makes a directory that only the account can enter.
func (a *account) mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return a.chown(path)
}
