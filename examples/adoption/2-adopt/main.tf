# Brings under Terraform what was made with the CLI. The first plan imports, and
# adds and destroys nothing. All that it changes is the protection of the
# applications, for which no call is made.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

# Written down in inventory.auto.tfvars.json, not looked up in each run: from
# now on, what is written here is what there shall be.
variable "instances" {
  description = "Database instances by name."
  type        = map(object({ username = string }))
}

variable "links" {
  description = "Linked databases by name."
  type = map(object({
    hostname           = string
    port               = number
    admin_username     = optional(string)
    supabase_reference = optional(string)
  }))
}

variable "applications" {
  description = "Applications by name, with the names of their secrets."
  type = map(object({
    database_instance_name = string
    secrets                = set(string)
  }))
}

locals {
  # By the secret's id, APP/NAME.
  secrets = merge([
    for application, its in var.applications : {
      for name in its.secrets : "${application}/${name}" => { application = application, name = name }
    }
  ]...)
}

import {
  for_each = var.instances
  to       = dbos_database_instance.all[each.key]
  id       = each.key
}

import {
  for_each = var.links
  to       = dbos_linked_database.all[each.key]
  id       = each.key
}

import {
  for_each = var.applications
  to       = dbos_application.all[each.key]
  id       = each.key
}

import {
  for_each = local.secrets
  to       = dbos_application_secret.all[each.key]
  id       = each.key
}

# Without a password, which the API never returns, it stays as it is.
resource "dbos_database_instance" "all" {
  for_each = var.instances

  name     = each.key
  username = each.value.username
}

resource "dbos_linked_database" "all" {
  for_each = var.links

  name               = each.key
  hostname           = each.value.hostname
  port               = each.value.port
  admin_username     = each.value.admin_username
  supabase_reference = each.value.supabase_reference
}

resource "dbos_application" "all" {
  for_each = var.applications

  name                   = each.key
  database_instance_name = each.value.database_instance_name

  # A line that is lost from the inventory deletes nothing.
  deletion_protection = true
}

# Without a value, which the API never returns, it stays as it is.
resource "dbos_application_secret" "all" {
  for_each = local.secrets

  application_name = dbos_application.all[each.value.application].id
  name             = each.value.name
}

data "dbos_database_instances" "all" {}

# Warns of what somebody makes by hand from now on.
check "nothing_is_made_by_hand" {
  assert {
    condition = alltrue([
      for instance in data.dbos_database_instances.all.instances :
      contains(concat(keys(var.instances), keys(var.links)), instance.name)
    ])
    error_message = "There are database instances that are not in the inventory: look again with 1-look."
  }
}
