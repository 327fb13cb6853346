# An instance with two applications on it. "make demo" plays this and the two
# configurations beside it, one after another in the same state.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
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
}

resource "dbos_application" "all" {
  for_each = toset(["billing", "storefront"])

  name                   = each.key
  database_instance_name = dbos_database_instance.orders.id
  language               = "node"
}

# Each deploy runs the application's migrations on its own database.
resource "dbos_application_deployment" "all" {
  for_each = dbos_application.all

  application_name = each.value.id
  source_dir       = "${path.module}/../apps/${each.key}"
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
