// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package archive

import (
	"errors"
	"os"
)

// unnamedFile makes a temporary file and removes its name.
func unnamedFile() (*os.File, error) {
	file, err := os.CreateTemp("", "dbos-archive-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
