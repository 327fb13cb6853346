# A first database instance. "make demo" plays this configuration against a
# local cloud.

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
  default     = "shop"
}

variable "password" {
  description = "Password of the role shop_admin. Neither the plan nor the state stores it."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "password_version" {
  description = "Raise it when the password changes: Terraform cannot see a change of a write-only value."
  type        = number
  default     = 1
}

variable "deletion_protection" {
  description = "Set it to false and apply before you destroy the instance and all its data."
  type        = bool
  default     = true
}

resource "dbos_database_instance" "shop" {
  name                = var.name
  username            = "shop_admin"
  password_wo         = var.password
  password_wo_version = var.password_version
  deletion_protection = var.deletion_protection
}

output "hostname" {
  value = dbos_database_instance.shop.hostname
}

output "port" {
  value = dbos_database_instance.shop.port
}

output "username" {
  value = dbos_database_instance.shop.username
}
