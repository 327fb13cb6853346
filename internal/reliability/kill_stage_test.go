// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// killConfig makes eleven objects beside what is there before: the database instance "live", and the application
// "legacy" that runs on it. Another version changes each of them. All may be destroyed, so that nothing but the
// provider keeps a struck run from it.
const killConfig = `
variable "version_number" {
  type = number
}

variable "sources" {
  type = list(string)
}

variable "moment" {
  type = string
}

locals {
  instances = [dbos_database_instance.main.id, dbos_database_instance.second.id]
}

resource "dbos_database_instance" "main" {
  name                = "orders"
  username            = "alice"
  password            = "Orders-horse-${var.version_number}"
  deletion_protection = false
}

resource "dbos_database_instance" "second" {
  name                = "reports"
  username            = "bob"
  password            = "Reports-horse-${var.version_number}"
  deletion_protection = false
}

resource "dbos_linked_database" "warehouse" {
  name     = "warehouse"
  hostname = "db.example.com"
  port     = 5432 + var.version_number
  password = "Warehouse-horse-${var.version_number}"
}

resource "dbos_database_restore" "recovered" {
  name                 = "recovered"
  source_instance_name = "live"
  restore_timestamp    = var.moment
  password             = "Recovered-horse-${var.version_number}"
  deletion_protection  = false
}

resource "dbos_application" "web" {
  name                   = "shop"
  database_instance_name = dbos_database_instance.main.id
  language               = "node"
  executors_memory_mib   = 512 * (1 + var.version_number)
  min_executors          = 1 + var.version_number
}

resource "dbos_application" "audit" {
  name                   = "audit"
  database_instance_name = local.instances[var.version_number]
  language               = "node"
}

resource "dbos_application_secret" "mail" {
  application_name = dbos_application.web.id
  name             = "MAIL_KEY"
  value            = "mail-key-${var.version_number}"
}

resource "dbos_application_secret" "pay" {
  application_name = dbos_application.web.id
  name             = "PAY_KEY"
  value            = "pay-key-${var.version_number}"
}

resource "dbos_application_deployment" "web" {
  application_name = dbos_application.web.id
  source_dir       = var.sources[var.version_number]
  depends_on       = [dbos_application_secret.mail, dbos_application_secret.pay]
}

resource "dbos_application_deployment" "audit" {
  application_name = dbos_application.audit.id
  source_dir       = var.sources[var.version_number]
}

resource "dbos_application_database_binding" "legacy" {
  application_name       = "legacy"
  database_instance_name = var.version_number == 0 ? "live" : dbos_database_instance.main.id
}
`

// stage is what the run of Terraform does that is struck, and what the server must have in the end.
type stage struct {
	name     string
	made     bool   // it begins with what version 0 makes
	command  string // of Terraform
	version  string
	calls    int               // about as many as the run makes
	objects  []string          // instances and applications, with what becomes of them
	versions map[string]int    // of each application
	values   map[string]string // passwords and secrets that were set, by the object
}

var (
	objects1 = []string{
		"audit AVAILABLE on reports", "legacy AVAILABLE on orders", "live available", "orders available", "recovered available",
		"reports available", "shop AVAILABLE on orders", "warehouse available",
	}
	values1 = map[string]string{
		"orders": "Orders-horse-1", "reports": "Reports-horse-1", "recovered": "Recovered-horse-1", "warehouse": "Warehouse-horse-1",
		"shop/MAIL_KEY": "mail-key-1", "shop/PAY_KEY": "pay-key-1",
	}
)

var stages = []stage{
	{
		name: "create", command: "apply", version: "1", calls: 48, objects: objects1, values: values1,
		versions: map[string]int{"shop": 1, "audit": 1, "legacy": 1},
	},
	{
		name: "change", made: true, command: "apply", version: "1", calls: 52, objects: objects1, values: values1,
		versions: map[string]int{"shop": 2, "audit": 2, "legacy": 1},
	},
	{
		name: "destroy", made: true, command: "destroy", version: "0", calls: 32, objects: []string{"legacy AVAILABLE on live", "live available"},
		versions: map[string]int{"legacy": 1},
	},
}

// killBase is what all rounds begin with.
type killBase struct {
	before      string // directory of a local cloud with one instance and one application
	made        string // directory of one with what version 0 makes beside them
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

// make applies version 0.
func (b *killBase) make(t *testing.T) {
	t.Helper()
	b.made = b.cloudState(t, stage{})
	c := startCloud(t, b.made)
	w, _ := b.workspace(t, c, stage{version: "0"})
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
	w.Env = append(c.environment(), append(b.variables, "TMPDIR="+temp, "TF_VAR_version_number="+s.version)...)
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
