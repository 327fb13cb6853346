// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// unnamedFile makes a temporary file that Windows removes once it is closed. It cannot be removed while it is open.
func unnamedFile() (*os.File, error) {
	file, err := os.CreateTemp("", "dbos-archive-")
	if err != nil {
		return nil, err
	}
	name := file.Name()
	if err := file.Close(); err != nil {
		return nil, errors.Join(err, os.Remove(name))
	}
	if file, err = os.OpenFile(name, os.O_RDWR|windows.FILE_FLAG_DELETE_ON_CLOSE, 0o600); err != nil {
		return nil, errors.Join(err, os.Remove(name))
	}
	return file, nil
}
