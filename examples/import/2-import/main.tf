# Imports objects that were created with the CLI. The first plan only imports,
# and turns on the protection of the applications, which makes no API call. It
# adds and destroys nothing.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

# The values are in inventory.auto.tfvars.json. They are not read from the API
# in each run: from now on, this file says which objects should exist.
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
  # The key is the id of the secret, APP/NAME.
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

# It has no password here, because the API never returns one. The instance
# keeps its password.
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

  # If somebody deletes a line of the inventory by mistake, the plan fails.
  deletion_protection = true
}

# It has no value here, because the API never returns one. The secret keeps its
# value.
resource "dbos_application_secret" "all" {
  for_each = local.secrets

  application_name = dbos_application.all[each.value.application].id
  name             = each.value.name
}

data "dbos_database_instances" "all" {}

# Warns if somebody creates an instance by hand from now on.
check "nothing_is_made_by_hand" {
  assert {
    condition = alltrue([
      for instance in data.dbos_database_instances.all.instances :
      contains(concat(keys(var.instances), keys(var.links)), instance.name)
    ])
    error_message = "Some database instances are not in the inventory. List them with 1-list again."
  }
}
