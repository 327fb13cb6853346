// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux || darwin

package archive

import (
	"fmt"
	"io/fs"
	"syscall"
	"time"
)

// identity returns the device and inode of a file, and its change time.
func identity(info fs.FileInfo) (id string, changed time.Time, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", time.Time{}, false
	}
	return fmt.Sprintf("%d:%d", stat.Dev, stat.Ino), changeTime(stat), true
}
