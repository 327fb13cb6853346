// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package backend

import (
	"archive/zip"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

const mostFiles = 100_000

// LargestContent bounds the size of all files of an archive together, in bytes.
const LargestContent = 2 << 30

// ArchiveError is a fault in the user's archive.
type ArchiveError struct{ Err error }

// Error names the file that is wrong.
func (e *ArchiveError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *ArchiveError) Unwrap() error { return e.Err }

// CheckArchive refuses an archive that is too large, or that holds anything but files and folders below its own root.
// It trusts the sizes that the archive claims, so unpacking has to check the real ones. Its errors are of type
// *ArchiveError.
func CheckArchive(files []*zip.File) error {
	if len(files) > mostFiles {
		return &ArchiveError{fmt.Errorf("it holds more than %d files", mostFiles)}
	}
	left := uint64(LargestContent)
	for _, file := range files {
		if err := checkFile(file); err != nil {
			return &ArchiveError{fmt.Errorf("%s: %w", file.Name, err)}
		}
		if file.UncompressedSize64 > left {
			return &ArchiveError{fmt.Errorf("its files are larger than %d bytes together", int64(LargestContent))}
		}
		left -= file.UncompressedSize64
	}
	return nil
}

func checkFile(file *zip.File) error {
	name := strings.TrimSuffix(file.Name, "/")
	switch mode := file.Mode(); {
	case !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsAny(name, "\\\x00"):
		return errors.New("the name leads out of the archive")
	case !mode.IsDir() && !mode.IsRegular():
		return errors.New("it is neither a file nor a folder")
	default:
		return nil
	}
}
