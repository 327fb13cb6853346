# An instance on which developers keep their applications. They deploy them with
# the dbos-cloud CLI; Terraform does not register them.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

variable "password" {
  description = "Password of the role orders_admin, stored neither in the plan nor in the state."
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

# What is on the instance just now: after an incident, the list to write down.
data "dbos_applications" "on_orders" {
  database_instance_name = dbos_database_instance.orders.id
}

output "applications" {
  description = "Names of the applications on the instance: the variable applications of the next step."
  value       = [for application in data.dbos_applications.on_orders.applications : application.name]
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
