variable "restore_timestamp" {
  description = "The last time at which the data were right, such as 2026-11-25T13:45:30.25Z."
  type        = string
}

locals {
  # The applications on the instance "orders". Developers deploy them with the
  # dbos-cloud CLI; Terraform does not register them.
  applications = toset(["billing", "shop-api"])
}

resource "dbos_database_restore" "orders" {
  name                 = "orders_restored"
  source_instance_name = "orders"
  restore_timestamp    = var.restore_timestamp
}

# The versions that ran at that time.
data "dbos_application_versions" "then" {
  for_each = local.applications

  application_name = each.key
  running_at       = var.restore_timestamp
}

resource "dbos_application_database_binding" "recovered" {
  for_each = local.applications

  application_name       = each.key
  database_instance_name = dbos_database_restore.orders.id
  previous_version       = data.dbos_application_versions.then[each.key].running_version
}
