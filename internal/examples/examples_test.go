// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package examples plans and applies every configuration that a user may copy: those under examples/, and the one in
// the README.
package examples

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

const password = "Correct-horse-7"

func TestMain(m *testing.M) { os.Exit(acctest.Main(m)) }

func TestExamples(t *testing.T) {
	t.Parallel()
	examples := filepath.Join(acctest.Root(t), "examples")
	for _, name := range configurations(t, examples) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if filepath.Dir(name) == "actions" && !acctest.Engine(t).HasQueries() {
				t.Skip("needs Terraform 1.14 or newer")
			}
			dir := filepath.Join(t.TempDir(), "configuration")
			if err := workspace.Copy(filepath.Join(examples, name), dir); err != nil {
				t.Fatal(err)
			}
			byIdentity := takeOut(t, filepath.Join(dir, "import-by-identity.tf"))
			tr := begin(t, dir, seeds[name])
			tr.settle(t)
			if byIdentity != nil {
				tr.importAgain(t, byIdentity)
			}
		})
	}
}

// takeOut reads a file and removes it; nil means that there is none.
func takeOut(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err == nil {
		err = os.Remove(file)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return content
}

// importAgain lets Terraform forget the object of an import block, and imports it by its identity.
func (tr *trial) importAgain(t *testing.T, block []byte) {
	t.Helper()
	if !tr.Engine.AtLeast(12) {
		return
	}
	to := regexp.MustCompile(`(?m)^  to = (.*)$`).FindSubmatch(block)
	if to == nil {
		t.Fatalf("no address in:\n%s", block)
	}
	takeOut(t, filepath.Join(tr.Dir, "import-by-string-id.tf"))
	if err := os.WriteFile(filepath.Join(tr.Dir, "import-by-identity.tf"), block, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		says string
		args []string
	}{
		{"", []string{"state", "rm", string(to[1])}},
		{"1 imported, 0 added", []string{"apply", "-auto-approve"}},
		{"", []string{"plan", "-detailed-exitcode"}},
	} {
		out, err := tr.Run(t.Context(), step.args...)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out, step.says) || strings.Contains(out, "destroyed") && !strings.Contains(out, " 0 destroyed") {
			t.Errorf("%s should have said %q, and destroyed nothing:\n%s", step.args, step.says, out)
		}
	}
}

// TestQueries imports what each list finds: the generated configuration imports everything and changes nothing.
func TestQueries(t *testing.T) {
	t.Parallel()
	if !acctest.Engine(t).HasQueries() {
		t.Skip("needs Terraform 1.14 or newer")
	}
	lists, err := filepath.Glob(filepath.Join(acctest.Root(t), "examples", "list-resources", "*"))
	lists = append(lists, filepath.Join(acctest.Root(t), "examples", "import", "query"))
	if err != nil || len(lists) < 2 {
		t.Fatalf("there is no example of a list: %v", err)
	}
	for _, list := range lists {
		t.Run(filepath.Base(list), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "configuration")
			if err := workspace.Copy(list, dir); err != nil {
				t.Fatal(err)
			}
			tr := begin(t, dir, []seed{instance("orders"), instance("shop_eu"), link, application("shop-api"), secret("shop-api")})
			if !strings.Contains(readConfiguration(t, dir), "required_providers") {
				tr.require(t)
			}
			before := tr.writes()
			for _, step := range []struct{ says, args string }{
				{"", "init"},
				{"", "query -generate-config-out=generated.tf"},
				{" to import, 0 to add, 0 to change, 0 to destroy.", "plan"},
				{"", "apply -auto-approve"},
				{"", "plan -detailed-exitcode"},
			} {
				out, err := tr.Run(t.Context(), strings.Fields(step.args)...)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(out, step.says) {
					t.Errorf("%s should have said %q:\n%s", step.args, step.says, out)
				}
			}
			if sent := tr.writes() - before; sent != 0 {
				t.Errorf("%d calls changed something", sent)
			}
		})
	}
}

func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(acctest.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```terraform\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README has no configuration")
	}
	if lines := strings.Count(string(block[1]), "\n"); lines > 12 {
		t.Errorf("the README's configuration has %d lines, more than 12", lines)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), block[1], 0o644); err != nil {
		t.Fatal(err)
	}
	tryOut(t, dir, nil)
}

// beginRecovery copies examples/recovery to a folder and applies what is there before the recovery.
func beginRecovery(t *testing.T) (tr *trial, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "recovery")
	if err := workspace.Copy(filepath.Join(acctest.Root(t), "examples", "recovery"), dir); err != nil {
		t.Fatal(err)
	}
	tr = begin(t, filepath.Join(dir, "1-before"), nil)
	tr.settle(t)
	return tr, dir
}

// TestRecovery applies the configurations of examples/recovery one after another, under the same state.
func TestRecovery(t *testing.T) {
	t.Parallel()
	tr, dir := beginRecovery(t)
	application("billing")(t, tr.cloud)
	deployed("storefront")(t, tr.cloud)
	var plans []string
	next := func(folder string, edits ...string) {
		t.Helper()
		if err := tr.Replace(filepath.Join(dir, folder)); err != nil {
			t.Fatal(err)
		}
		main := filepath.Join(tr.Dir, "main.tf")
		text, err := os.ReadFile(main)
		if err != nil {
			t.Fatal(err)
		}
		edited := strings.NewReplacer(edits...).Replace(string(text))
		if err := os.WriteFile(main, []byte(edited), 0o644); err != nil {
			t.Fatal(err)
		}
		plans = append(plans, planLine.FindString(tr.settle(t)))
	}
	// The first moment turns out to be wrong: another name makes another instance.
	const found, name = `"orders_restored"`, `"orders_again"`
	const unprotected = "\n  deletion_protection = false"
	next("2-recover")
	next("2-recover", found, found+unprotected)
	tr.Env = append(tr.Env, "TF_VAR_restore_timestamp="+time.Now().UTC().Format(time.RFC3339Nano))
	next("2-recover", found, name+unprotected)
	next("2-recover", found, name)
	next("3-retire", found, name)
	next("4-ordinary", found, name)

	var left []string
	for _, name := range []string{"orders", "orders_restored", "orders_again"} {
		if tr.cloud.Call(t, http.MethodGet, "databases/userdb/info/"+name, nil, nil) == http.StatusOK {
			left = append(left, name)
		}
	}
	if !slices.Equal(left, []string{"orders_again"}) {
		t.Errorf("left after the recovery: %q", left)
	}
	if moves := tr.cloud.Count(http.MethodPost, "applications/*/changedbinstance"); moves != 4 {
		t.Errorf("%d moves, want one for each application and moment", moves)
	}
	guide, err := os.ReadFile(filepath.Join(acctest.Root(t), "templates", "guides", "recovery.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, line := range planLine.FindAllString(string(guide), -1) {
		told = append(told, strings.TrimSpace(line))
	}
	if !slices.Equal(told, plans) {
		t.Errorf("the guide expects the plans\n%s\nand Terraform said\n%s", strings.Join(told, "\n"), strings.Join(plans, "\n"))
	}
}

// TestRecoveryOfNeverDeployed follows the guide for an application that has no version to move.
func TestRecoveryOfNeverDeployed(t *testing.T) {
	t.Parallel()
	tr, dir := beginRecovery(t)
	deployed("storefront")(t, tr.cloud)
	tr.cloud.Register(t, "billing", "orders")
	if err := tr.Replace(filepath.Join(dir, "2-recover")); err != nil {
		t.Fatal(err)
	}
	tr.Env = append(tr.Env, `TF_VAR_applications=["billing"]`, "TF_VAR_restore_timestamp="+time.Now().UTC().Format(time.RFC3339Nano))
	if out, err := tr.Run(t.Context(), "apply", "-auto-approve"); err == nil || !strings.Contains(err.Error()+out, "cannot be moved before its first deploy") {
		t.Fatalf("the apply should have failed: %v\n%s", err, out)
	}
	tr.cloud.Call(t, http.MethodDelete, "applications/billing", nil, nil)
	acctest.Await(t, "billing is deleted", func() bool {
		return tr.cloud.Call(t, http.MethodGet, "applications/billing", nil, nil) == http.StatusNotFound
	})
	tr.cloud.Register(t, "billing", "orders_restored")
	tr.settle(t)
}

var planLine = regexp.MustCompile(`(?m)^ *Plan: .*$`)

// TestAdoption takes an organization over that was made by hand, and demands that nothing is changed on the way.
func TestAdoption(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "import")
	if err := workspace.Copy(filepath.Join(acctest.Root(t), "examples", "import"), dir); err != nil {
		t.Fatal(err)
	}
	tr := begin(t, filepath.Join(dir, "1-list"), seeds["import/1-list"])
	for _, args := range [][]string{{"init"}, {"apply", "-auto-approve"}} {
		if _, err := tr.Run(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	var inventory json.RawMessage
	if err := tr.JSON(t.Context(), &inventory, "output", "-json", "inventory"); err != nil {
		t.Fatal(err)
	}

	importing := acctest.Workspace(t, filepath.Join(dir, "2-import"), tr.Env...)
	if err := os.WriteFile(filepath.Join(importing.Dir, "inventory.auto.tfvars.json"), inventory, 0o600); err != nil {
		t.Fatal(err)
	}
	before := tr.writes()
	for _, step := range []struct{ says, args string }{
		{"", "init"},
		{"Plan: 5 to import, 0 to add, 1 to change, 0 to destroy.", "plan"},
		{"5 imported, 0 added, 1 changed, 0 destroyed.", "apply -auto-approve"},
		{"", "plan -detailed-exitcode"},
	} {
		out, err := importing.Run(t.Context(), strings.Fields(step.args)...)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out, step.says) || strings.Contains(out, "Warning: Check block assertion") {
			t.Errorf("%s should have said %q, without a warning of the check:\n%s", step.args, step.says, out)
		}
	}
	if sent := tr.writes() - before; sent != 0 {
		t.Errorf("%d calls changed something", sent)
	}
}

// writes counts the calls so far that change something.
func (tr *trial) writes() int {
	return tr.cloud.Count("", "") - tr.cloud.Count(http.MethodGet, "") - tr.cloud.Count(http.MethodPost, "oauth/token")
}

// configurations are the folders below dir that hold one which stands alone.
func configurations(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".tf" {
			return err
		}
		name, err := filepath.Rel(dir, filepath.Dir(path))
		aside := []string{"import/2-import", "import/query", "beyond-the-instance"}
		if !slices.Contains(names, name) && filepath.Dir(name) != "recovery" && !slices.Contains(aside, name) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("there is no example")
	}
	return names
}

// tryOut applies a configuration, and demands that nothing is left to do.
func tryOut(t *testing.T, dir string, seeds []seed) {
	t.Helper()
	begin(t, dir, seeds).settle(t)
}

// trial is a workspace and the local cloud that it talks to.
type trial struct {
	*workspace.Workspace
	cloud *acctest.Cloud
}

func begin(t *testing.T, dir string, seeds []seed, options ...acctest.Option) *trial {
	t.Helper()
	cloud := acctest.Start(t, options...)
	for _, plant := range seeds {
		plant(t, cloud)
	}
	return &trial{acctest.Workspace(t, dir, cloud.Variables()...), cloud}
}

// require writes the provider's address, which most examples leave out.
func (tr *trial) require(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(tr.Dir, "versions.tf"), []byte(acctest.Requirements), 0o644); err != nil {
		t.Fatal(err)
	}
}

// settle applies the configuration, demands that nothing is left to do, and returns what the apply printed.
func (tr *trial) settle(t *testing.T) (applied string) {
	t.Helper()
	source := readConfiguration(t, tr.Dir)
	if !strings.Contains(source, "required_providers") {
		tr.require(t)
	}
	for _, variable := range variables(source, tr.cloud.Connection().RefreshToken) {
		name, _, _ := strings.Cut(variable, "=")
		if !slices.ContainsFunc(tr.Env, func(set string) bool { return strings.HasPrefix(set, name+"=") }) {
			tr.Env = append(tr.Env, variable)
		}
	}
	for _, args := range [][]string{{"init"}, {"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}} {
		out, err := tr.Run(t.Context(), args...)
		if err != nil {
			t.Fatal(err)
		}
		if args[0] == "apply" {
			applied = out
		}
	}
	return applied
}

func readConfiguration(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(content)
		source.WriteByte('\n')
	}
	return source.String()
}

// variables gives a value to each variable that has no default.
func variables(source, refreshToken string) []string {
	var env []string
	for _, block := range regexp.MustCompile(`(?s)\nvariable "(\w+)" \{(.*?)\n\}`).FindAllStringSubmatch("\n"+source, -1) {
		name, body := block[1], block[2]
		switch {
		case strings.Contains(body, "default"):
		case strings.HasSuffix(name, "refresh_token"):
			env = append(env, "TF_VAR_"+name+"="+refreshToken)
		case name == "applications":
			env = append(env, `TF_VAR_applications=["billing"]`)
		case strings.HasSuffix(name, "_url"):
			env = append(env, "TF_VAR_"+name+"=postgresql://dbosadmin:"+password+"@legacy.example.com:6543/postgres")
		case strings.HasSuffix(name, "timestamp"):
			env = append(env, "TF_VAR_"+name+"="+time.Now().UTC().Format(time.RFC3339Nano))
		default:
			env = append(env, "TF_VAR_"+name+"="+password)
		}
	}
	return env
}
