# Second apply: the block of the original is removed, and everything that referred
# to it. Only the result of the recovery is left.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

variable "applications" {
  description = "Applications that Terraform does not register, and that the recovery moved."
  type        = set(string)
}

resource "dbos_database_restore" "orders" {
  name = "orders_restored"
}

resource "dbos_application" "storefront" {
  name                   = "storefront"
  database_instance_name = dbos_database_restore.orders.id
  language               = "node"
}

resource "dbos_application_database_binding" "recovered" {
  for_each = var.applications

  application_name       = each.key
  database_instance_name = dbos_database_restore.orders.id
}

output "hostname" {
  value = dbos_database_restore.orders.hostname
}

output "port" {
  value = dbos_database_restore.orders.port
}

output "username" {
  value = dbos_database_restore.orders.username
}
