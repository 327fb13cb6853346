// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

// killConfig makes eleven objects beside what is there before: the database instance "live", and the application
// "legacy" that runs on it. Another edition changes each of the eleven. None is protected from being destroyed, so that
// nothing but care keeps them.
const killConfig = `
variable "edition" {
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
  password            = "Orders-horse-${var.edition}"
  deletion_protection = false
}

resource "dbos_database_instance" "second" {
  name                = "reports"
  username            = "bob"
  password            = "Reports-horse-${var.edition}"
  deletion_protection = false
}

resource "dbos_linked_database" "warehouse" {
  name     = "warehouse"
  hostname = "db.example.com"
  port     = 5432 + var.edition
  password = "Warehouse-horse-${var.edition}"
}

resource "dbos_database_restore" "recovered" {
  name                 = "recovered"
  source_instance_name = "live"
  restore_timestamp    = var.moment
  password             = "Recovered-horse-${var.edition}"
  deletion_protection  = false
}

resource "dbos_application" "web" {
  name                   = "shop"
  database_instance_name = dbos_database_instance.main.id
  language               = "node"
  executors_memory_mib   = 512 * (1 + var.edition)
  min_executors          = 1 + var.edition
}

resource "dbos_application" "audit" {
  name                   = "audit"
  database_instance_name = local.instances[var.edition]
  language               = "node"
}

resource "dbos_application_secret" "mail" {
  application_name = dbos_application.web.id
  name             = "MAIL_KEY"
  value            = "mail-key-${var.edition}"
}

resource "dbos_application_secret" "pay" {
  application_name = dbos_application.web.id
  name             = "PAY_KEY"
  value            = "pay-key-${var.edition}"
}

resource "dbos_application_deployment" "web" {
  application_name = dbos_application.web.id
  source_dir       = var.sources[var.edition]
  depends_on       = [dbos_application_secret.mail, dbos_application_secret.pay]
}

resource "dbos_application_deployment" "audit" {
  application_name = dbos_application.audit.id
  source_dir       = var.sources[var.edition]
}

resource "dbos_application_database_binding" "legacy" {
  application_name       = "legacy"
  database_instance_name = var.edition == 0 ? "live" : dbos_database_instance.main.id
}
`

// stage is what Terraform does when it is struck, and what must have come of it in the end.
type stage struct {
	name    string
	command string
	edition string // of the configuration
	made    bool   // edition 0 was applied before
	calls   int    // about as many as Terraform makes

	objects  []string          // instances with their status, applications with theirs and their instance
	versions map[string]int    // of each application
	values   map[string]string // of passwords and secrets, by what they belong to
}

var (
	objectsMade = []string{
		"audit AVAILABLE on reports", "legacy AVAILABLE on orders", "live available", "orders available", "recovered available",
		"reports available", "shop AVAILABLE on orders", "warehouse available",
	}
	valuesMade = map[string]string{
		"orders": "Orders-horse-1", "reports": "Reports-horse-1", "recovered": "Recovered-horse-1", "warehouse": "Warehouse-horse-1",
		"shop/MAIL_KEY": "mail-key-1", "shop/PAY_KEY": "pay-key-1",
	}
)

var stages = []stage{
	{
		name: "create", command: "apply", edition: "1", calls: 48,
		objects: objectsMade, values: valuesMade, versions: map[string]int{"shop": 1, "audit": 1, "legacy": 1},
	},
	{
		name: "change", command: "apply", edition: "1", made: true, calls: 52,
		objects: objectsMade, values: valuesMade, versions: map[string]int{"shop": 2, "audit": 2, "legacy": 1},
	},
	{
		name: "destroy", command: "destroy", edition: "0", made: true, calls: 32,
		objects: []string{"legacy AVAILABLE on live", "live available"}, versions: map[string]int{"legacy": 1},
	},
}
