# Step two: with the applications gone from it, the original may go. Source and
# time are no longer needed.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

resource "dbos_database_restore" "orders" {
  name = "orders_restored"
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
