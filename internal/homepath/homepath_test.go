// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package homepath

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestExpandKnowsBothSeparators(t *testing.T) {
	t.Parallel()
	home := func() (string, error) { return "/home/alice", nil }
	for _, test := range []struct {
		path      string
		separator rune
		want      string
	}{
		{"~", '/', "/home/alice"},
		{"~/ca.pem", '/', "/home/alice/ca.pem"},
		{"~/ca.pem", '\\', "/home/alice/ca.pem"},
		{`~\ca.pem`, '\\', filepath.Join("/home/alice", `\ca.pem`)},
		{`~\ca.pem`, '/', `~\ca.pem`},
		{"~alice/ca.pem", '/', "~alice/ca.pem"},
		{"/etc/~/ca.pem", '/', "/etc/~/ca.pem"},
		{"./~/ca.pem", '/', "./~/ca.pem"},
		{"", '/', ""},
	} {
		if got, err := expand(test.path, test.separator, home); err != nil || filepath.ToSlash(got) != filepath.ToSlash(test.want) {
			t.Errorf("%s with %c: %q, %v; want %q", test.path, test.separator, got, err, test.want)
		}
	}
}

func TestExpandWithoutAHome(t *testing.T) {
	t.Parallel()
	homeless := func() (string, error) { return "", errors.New("$HOME is not defined") }
	if got, err := expand("/etc/ca.pem", '/', homeless); got != "/etc/ca.pem" || err != nil {
		t.Errorf("a path without ~: %q, %v", got, err)
	}
	if got, err := expand("~/ca.pem", '/', homeless); got != "" || err == nil || err.Error() != "~/ca.pem: the home directory is not known: $HOME is not defined" {
		t.Errorf("~ without a home: %q, %v", got, err)
	}
}

// TestExpandTakesTheUsersHome sets the environment, so it does not run in parallel.
func TestExpandTakesTheUsersHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // Windows' name for it.
	for _, path := range []string{"~/ca.pem", "~" + string(os.PathSeparator) + "ca.pem"} {
		if got, err := Expand(path); err != nil || got != filepath.Join(home, "ca.pem") {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}
