# Step one of a recovery: the content of a moment goes into a new instance, both
# applications move there, and the original loses its protection.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

variable "restore_timestamp" {
  description = "The last moment at which the data were right, such as 2026-11-25T13:45:30.25Z."
  type        = string
}

variable "password" {
  description = "Password of the role orders_admin."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "dbos_database_instance" "orders" {
  name                = "orders"
  username            = "orders_admin"
  password_wo         = var.password
  password_wo_version = 1
  deletion_protection = false
}

resource "dbos_database_restore" "orders" {
  name                 = "orders_restored"
  source_instance_name = dbos_database_instance.orders.id
  restore_timestamp    = var.restore_timestamp
}

resource "dbos_application" "all" {
  for_each = toset(["billing", "storefront"])

  name                   = each.key
  database_instance_name = dbos_database_restore.orders.id
  language               = "node"
}

# Each deploy runs the application's migrations on its own database.
resource "dbos_application_deployment" "all" {
  for_each = dbos_application.all

  application_name = each.value.id
  source_dir       = "${path.module}/../apps/${each.key}"
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
