# An instance with two kinds of applications on it. Terraform registers storefront.
# Developers have registered billing with the dbos-cloud CLI. The code of both is
# deployed with the CLI.

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

resource "dbos_database_instance" "orders" {
  name                = "orders"
  username            = "orders_admin"
  password_wo         = var.password
  password_wo_version = 1
}

resource "dbos_application" "storefront" {
  name                   = "storefront"
  database_instance_name = dbos_database_instance.orders.id
  language               = "node"
}

# The applications that are on the instance now. After an incident, write this
# list down.
data "dbos_applications" "on_orders" {
  database_instance_name = dbos_database_instance.orders.id
}

output "applications" {
  description = "Applications on the instance that Terraform does not register: the variable applications of the next step."
  value = [
    for application in data.dbos_applications.on_orders.applications : application.name
    if application.name != dbos_application.storefront.name
  ]
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
