# An example of a module: an instance, and an application for each name. Its
# tests are in tests/.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

variable "name" {
  description = "Name of the database instance."
  type        = string
  default     = "team"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{2,9}$", var.name))
    error_message = "The name has 3 to 10 characters of a-z, 0-9 and _, and begins with a letter."
  }
}

variable "applications" {
  description = "Names of the applications on it."
  type        = set(string)
}

variable "password" {
  description = "Password of the instance's role, such as a random_password of the caller."
  type        = string
  sensitive   = true
}

variable "deletion_protection" {
  description = "Set it to false in tests, which destroy their objects."
  type        = bool
  default     = true
}

resource "dbos_database_instance" "this" {
  name                = var.name
  username            = "${var.name}_admin"
  password            = var.password
  deletion_protection = var.deletion_protection
}

resource "dbos_application" "each" {
  for_each = var.applications

  name                   = each.key
  database_instance_name = dbos_database_instance.this.id
  language               = "node"
  executors_memory_mib   = 1024
}

output "address" {
  value = "${dbos_database_instance.this.hostname}:${dbos_database_instance.this.port}"
}

output "urls" {
  value = { for name, application in dbos_application.each : name => application.url }
}

output "database_url" {
  value     = provider::dbos::connection_url(merge(dbos_database_instance.this, { password = var.password }))
  sensitive = true
}
