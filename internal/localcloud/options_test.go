// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	s := start(t)
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "state.json"), []byte(`{"format":1,"inst`), 0o600); err != nil {
		t.Fatal(err)
	}
	later := t.TempDir()
	if err := os.WriteFile(filepath.Join(later, "state.json"), []byte(`{"format":2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	odd := t.TempDir()
	if err := os.Mkdir(filepath.Join(odd, "state.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	settled := t.TempDir()
	settler := start(t, in(settled))
	if err := settler.Close(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		options Options
		fault   string
	}{
		"all interfaces":    {Options{Listen: "0.0.0.0:0"}, "loopback address only"},
		"no host":           {Options{Listen: ":0"}, "loopback address only"},
		"public address":    {Options{Listen: "192.0.2.1:80"}, "loopback address only"},
		"name":              {Options{Listen: "example.com:80"}, "loopback address only"},
		"no port":           {Options{Listen: "127.0.0.1"}, "missing port"},
		"backend":           {Options{Backend: "mysql"}, `unknown backend "mysql"`},
		"organization":      {Options{Organization: "a/b"}, `organization "a/b"`},
		"organization user": {Options{Organization: "user"}, "the API uses this name in other paths"},
		"taken port":        {Options{Listen: s.listener.Addr().String()}, "bind: "},
		"same state":        {Options{StateDir: s.options.StateDir}, "is in use by another local cloud"},
		"file as state":     {Options{StateDir: file}, "state directory: mkdir " + file + ": "},
		"below a file":      {Options{StateDir: filepath.Join(file, "state")}, "state directory: mkdir " + file + ": "},
		"folder as a file":  {Options{StateDir: odd}, "state.json: "},
		"damaged state":     {Options{StateDir: damaged}, "state.json"},
		"later state":       {Options{StateDir: later}, "has format 2, this program reads format 1"},
		"another's state":   {Options{StateDir: settled, Organization: "other"}, `belongs to organization "local"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := test.options
			setDefault(&o.Backend, "simulated")
			setDefault(&o.StateDir, t.TempDir())
			started, err := Start(t.Context(), o)
			if err == nil {
				_ = started.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.fault) {
				t.Errorf("%v, want %q", err, test.fault)
			}
		})
	}
}

// Tests may keep the state in memory, and listen by themselves.
func TestVolatileOnListener(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, slowly, func(o *Options) { o.Volatile, o.Listener = true, listener })
	if want := "http://" + listener.Addr().String(); s.Connection().Endpoint != want {
		t.Errorf("the endpoint is %s, want %s", s.Connection().Endpoint, want)
	}
	ask(t, s, "POST", "databases/userdb", createABC)
	if _, err := os.Stat(s.dir.file("state.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the state is in a file: %v", err)
	}
	s = restart(t, s)
	if status, _ := ask(t, s, "GET", "databases/userdb/info/abc", ""); status != http.StatusNotFound {
		t.Errorf("the instance is there after a restart: %d", status)
	}
}
