// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// killBase is what all rounds begin with.
type killBase struct {
	before      string // directory of a local cloud with one instance and one application
	made        string // directory of one with what edition 0 makes beside them
	state       string // Terraform's state of it
	initialised *workspace.Workspace
	variables   []string
}

func newKillBase(t *testing.T) *killBase {
	t.Helper()
	b := &killBase{before: t.TempDir(), initialised: newWorkspace(t, killConfig)}
	c := startCloud(t, b.before)
	c.call(t, http.MethodPost, "databases/userdb", map[string]string{"Name": "live", "AdminName": "carol", "AdminPassword": "Live-horse"}, nil)
	c.await(t, "databases/userdb/info/live", "available")
	c.call(t, http.MethodPut, "applications", map[string]string{"name": "legacy", "database": "live", "language": "node", "provenancedb": ""}, nil)
	c.call(t, http.MethodPost, "applications/legacy", map[string]string{"application_archive": archive(t)}, nil)
	c.await(t, "applications/legacy", "AVAILABLE")
	moment := time.Now().Format(time.RFC3339Nano)
	c.end(os.Interrupt)

	b.variables = []string{
		fmt.Sprintf("TF_VAR_sources=[%q,%q]", applicationFolder(t, "0"), applicationFolder(t, "1")), "TF_VAR_moment=" + moment,
		"TF_DATA_DIR=" + filepath.Join(b.initialised.Dir, ".terraform"),
	}
	b.make(t)
	return b
}

// make applies edition 0.
func (b *killBase) make(t *testing.T) {
	t.Helper()
	b.made = b.cloudState(t, stage{})
	c := startCloud(t, b.made)
	w, _ := b.workspace(t, c, stage{edition: "0"})
	if out, err := w.Run(t.Context(), "apply", "-auto-approve"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c.end(os.Interrupt)
	b.state = filepath.Join(w.Dir, "terraform.tfstate")
}

// cloudState is a copy of the local cloud's directory with which a stage begins.
func (b *killBase) cloudState(t *testing.T, s stage) string {
	t.Helper()
	from, dir := b.before, t.TempDir()
	if s.made {
		from = b.made
	}
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// workspace is a folder that needs no init of its own, and its folder for temporary files.
func (b *killBase) workspace(t *testing.T, c *cloudProcess, s stage) (w *workspace.Workspace, temp string) {
	t.Helper()
	temp = shortTempDir(t)
	w = &workspace.Workspace{Dir: t.TempDir(), Engine: b.initialised.Engine}
	w.Env = slices.Concat(c.environment(), b.variables, []string{"TMPDIR=" + temp, "TF_VAR_edition=" + s.edition})
	files := []string{filepath.Join(b.initialised.Dir, "main.tf"), filepath.Join(b.initialised.Dir, ".terraform.lock.hcl")}
	if s.made {
		files = append(files, b.state)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		appendFile(t, filepath.Join(w.Dir, filepath.Base(file)), string(content))
	}
	return w, temp
}

// shortTempDir is a folder for sockets, whose paths have to be short.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kill-") //nolint:usetesting // The folder that testing makes has a long path.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
