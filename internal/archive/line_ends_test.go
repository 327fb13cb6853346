// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package archive

import (
	"bytes"
	"testing"
)

// TestLineEnds opens a directory as Git checks it out on Windows. The files that the provider reads mean the same, and
// those that it deploys keep their bytes.
func TestLineEnds(t *testing.T) {
	t.Parallel()
	checkout := func(end string) *Source {
		return open(t, tree(t, map[string]string{
			configName: "name: app" + end + "language: node" + end, "package.json": "{}" + end,
			ignoreFile: "*.log" + end + "/secrets/" + end, "app.log": "x", "secrets/key": "x",
		}))
	}
	unix, windows := checkout("\n"), checkout("\r\n")
	if u, w := unix.Config(), windows.Config(); u.Name != w.Name || u.Name != "app" {
		t.Errorf("the names are %q and %q", u.Name, w.Name)
	}
	if len(unix.entries) != 3 || len(windows.entries) != 3 {
		t.Errorf("%d and %d files are deployed, not 3", len(unix.entries), len(windows.entries))
	}
	if hashOf(t, unix) == hashOf(t, windows) {
		t.Error("the hash does not show that the contents differ")
	}
	if !bytes.Equal(pack(t, windows), pack(t, checkout("\r\n"))) {
		t.Error("two checkouts of the same bytes give different archives")
	}
}
