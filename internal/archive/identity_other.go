// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build !linux && !darwin

package archive

import (
	"io/fs"
	"time"
)

// identity is unknown on this system, so every file is read again.
func identity(fs.FileInfo) (id string, changed time.Time, ok bool) { return "", time.Time{}, false }
