# The restored instance becomes an ordinary one, without an API call. It keeps the
# name from the restore. You can remove the moved block after the apply.

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

moved {
  from = dbos_database_restore.orders
  to   = dbos_database_instance.orders
}

# It has no password here, so the instance keeps the password from the restore.
resource "dbos_database_instance" "orders" {
  name     = "orders_restored"
  username = "orders_admin"
}

resource "dbos_application" "storefront" {
  name                   = "storefront"
  database_instance_name = dbos_database_instance.orders.id
  language               = "node"
}

resource "dbos_application_database_binding" "recovered" {
  for_each = var.applications

  application_name       = each.key
  database_instance_name = dbos_database_instance.orders.id
}

output "hostname" {
  value = dbos_database_instance.orders.hostname
}

output "port" {
  value = dbos_database_instance.orders.port
}

output "username" {
  value = dbos_database_instance.orders.username
}
