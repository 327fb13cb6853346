# First apply: it restores a point in time into a new instance, moves the
# applications there, and turns off the protection of the original.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

variable "password" {
  description = "Password of the role orders_admin. Neither the plan nor the state stores it."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# In UTC. To convert local time: date -u -d '2026-11-25 14:45:30' +%FT%TZ
variable "restore_timestamp" {
  description = "The last time at which the data were right, such as 2026-11-25T13:45:30.25Z."
  type        = string
}

# Write this down once, and do not read it from the API in each run: after the
# move, no application is on the original any more.
variable "applications" {
  description = "Applications that Terraform does not register: the output applications of the step before."
  type        = set(string)
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

  # If the time was wrong, change the name to restore again. The applications move
  # to the new instance before Terraform destroys this one.
  lifecycle {
    create_before_destroy = true
  }
}

# The version of each application that ran at that time. Later code may not fit
# the data, or its migrations may have damaged the data.
data "dbos_application_versions" "then" {
  for_each = setunion(var.applications, ["storefront"])

  application_name = each.key
  running_at       = var.restore_timestamp
}

# An application that Terraform registers moves by its own resource.
resource "dbos_application" "storefront" {
  name                   = "storefront"
  database_instance_name = dbos_database_restore.orders.id
  previous_version       = data.dbos_application_versions.then["storefront"].running_version
  language               = "node"
}

# Every other application moves by a binding.
resource "dbos_application_database_binding" "recovered" {
  for_each = var.applications

  application_name       = each.key
  database_instance_name = dbos_database_restore.orders.id
  previous_version       = data.dbos_application_versions.then[each.key].running_version
}

# The applications that are still on the original after the move. The data source
# is not inside the check block: there, Terraform would read it in every apply,
# and no plan would be empty.
data "dbos_applications" "left" {
  database_instance_name = dbos_database_instance.orders.id
  depends_on             = [dbos_application.storefront, dbos_application_database_binding.recovered]
}

# Warns of an application that you forgot, or that was registered in the meantime.
check "nothing_is_left_on_the_original" {
  assert {
    condition     = length(data.dbos_applications.left.applications) == 0
    error_message = "Still on the original: ${join(", ", data.dbos_applications.left.applications[*].name)}. Add them to the variable applications, and apply."
  }
}

locals {
  # Each application's own database on the restored instance. It is null for an
  # application that was never deployed.
  databases = merge(
    { for name, binding in dbos_application_database_binding.recovered : name => binding.database_name },
    { storefront = dbos_application.storefront.database_name },
  )
}

# psql asks for the password. It is the password of that time, not the current one.
output "look" {
  description = "For each application, a command to look at its data."
  value = {
    for name, database in local.databases : name =>
    "psql --host=${dbos_database_restore.orders.hostname} --port=${dbos_database_restore.orders.port} --username=${dbos_database_restore.orders.username} --dbname=${database}"
    if database != null
  }
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
