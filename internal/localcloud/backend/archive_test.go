// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package backend

import (
	"archive/zip"
	"errors"
	"slices"
	"strings"
	"testing"
)

// The content of archives is tested where archives are unpacked and deployed.
func TestCheckArchiveCountsFiles(t *testing.T) {
	t.Parallel()
	file := &zip.File{FileHeader: zip.FileHeader{Name: "a"}}
	if err := CheckArchive(slices.Repeat([]*zip.File{file}, mostFiles)); err != nil {
		t.Error(err)
	}
	err := CheckArchive(slices.Repeat([]*zip.File{file}, mostFiles+1))
	if !errors.As(err, new(*ArchiveError)) || !strings.Contains(err.Error(), "more than 100000 files") {
		t.Errorf("one file too many: %v", err)
	}
}
