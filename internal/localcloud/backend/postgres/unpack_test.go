// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"archive/zip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func TestUnpack(t *testing.T) {
	t.Parallel()
	installation, err := postgres.Find("")
	if err != nil {
		t.Fatal(err)
	}
	b := &Backend{installation: installation, limits: limits{bytes: 1000}}
	tests := map[string]struct {
		files map[string]string
		fails string
	}{
		"a folder above":    {map[string]string{"../evil": ""}, "../evil"},
		"hidden within":     {map[string]string{"a/../../evil": ""}, "leads out"},
		"an absolute name":  {map[string]string{"/tmp/evil": ""}, "leads out"},
		"a backslash":       {map[string]string{`..\evil`: ""}, "leads out"},
		"no name":           {map[string]string{"": ""}, "leads out"},
		"a link":            {map[string]string{"link": "-> /etc"}, "neither a file nor a folder"},
		"too large":         {map[string]string{"a": strings.Repeat("x", 600), "b": strings.Repeat("x", 600)}, "larger than 1000 bytes"},
		"a file as folder":  {map[string]string{"a": "", "a/b": ""}, "a"},
		"within the limits": {map[string]string{"a": strings.Repeat("x", 1000), "b/c/d": "", "e/": ""}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			folder := filepath.Join(parent, "folder")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			err := b.unpack(t.Context(), sandboxUser(t), zipped(t, test.files), folder)
			if test.fails == "" && err != nil {
				t.Error(err)
			}
			if test.fails != "" && (!errors.As(err, new(*backend.ArchiveError)) || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("unpack = %v, want an error with %q", err, test.fails)
			}
			outside, err := os.ReadDir(parent)
			if err != nil || len(outside) != 1 {
				t.Errorf("beside the folder there is %v, %v", outside, err)
			}
		})
	}
	notZip := filepath.Join(t.TempDir(), "app.zip")
	if err := os.WriteFile(notZip, []byte("not an archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.unpack(t.Context(), sandboxUser(t), notZip, t.TempDir()); !errors.Is(err, zip.ErrFormat) || !errors.As(err, new(*backend.ArchiveError)) {
		t.Errorf("what is no archive: %v", err)
	}
}
