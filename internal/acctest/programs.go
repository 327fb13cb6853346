// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package acctest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// Requirements names the provider. The environment configures it.
const Requirements = "terraform {\n  required_providers {\n    dbos = {\n      source = \"dbos-community/dbos\"\n    }\n  }\n}\n"

// programs are those that the tests of one package have built.
var programs struct {
	dir string

	mu     sync.Mutex
	builds map[string]func() error // by name; each builds when it is first called
}

// Main runs a package's tests, and then removes the programs that they have built. It returns the exit code.
func Main(m *testing.M) int {
	code, err := withPrograms(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func withPrograms(run func() int) (code int, err error) {
	if programs.dir, err = os.MkdirTemp("", "dbos-programs-"); err != nil {
		return 1, err
	}
	programs.builds = map[string]func() error{}
	defer func() { err = errors.Join(err, os.RemoveAll(programs.dir)) }()
	return run(), nil
}

// Program is the path of a program of this module, which is built when the first test asks for it. Main has to run the
// tests.
func Program(t testing.TB, name, pkg string) string {
	t.Helper()
	root, path := Root(t), filepath.Join(programs.dir, name)
	programs.mu.Lock()
	if programs.builds[name] == nil {
		programs.builds[name] = sync.OnceValue(func() error {
			return workspace.GoBuild(context.WithoutCancel(t.Context()), root, path, pkg)
		})
	}
	build := programs.builds[name]
	programs.mu.Unlock()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return path
}

// Provider is the path of the provider's program.
func Provider(t testing.TB) string {
	t.Helper()
	return Program(t, "terraform-provider-dbos", ".")
}

// Root is the folder of this module.
func Root(t testing.TB) string {
	t.Helper()
	root, err := workspace.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

var engine = sync.OnceValues(func() (*workspace.Engine, error) { return workspace.FindEngine(context.Background()) })

// Engine is the Terraform, or the OpenTofu, of this machine.
func Engine(t testing.TB) *workspace.Engine {
	t.Helper()
	found, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Workspace makes a folder a workspace of the engine, with the provider's program and an environment.
func Workspace(t testing.TB, dir string, env ...string) *workspace.Workspace {
	t.Helper()
	w, err := workspace.New(Engine(t), Provider(t), dir, env...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
