# An instance, and a database and a role inside it. The PostgreSQL provider logs
# in with the ephemeral connection.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
    postgresql = {
      source = "cyrilgdn/postgresql"
    }
  }
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

variable "reporting_password" {
  description = "Password of the role reporting."
  type        = string
  sensitive   = true
}

variable "sslmode" {
  description = "Use \"disable\" for a local cloud, whose servers do not support TLS."
  type        = string
  default     = "require"
}

resource "dbos_database_instance" "shop" {
  name                = "shop"
  username            = "shop_admin"
  password_wo         = var.password
  password_wo_version = var.password_version
}

ephemeral "dbos_database_connection" "shop" {
  database_instance_name = dbos_database_instance.shop.id
  password               = var.password
  sslmode                = var.sslmode
}

provider "postgresql" {
  host      = ephemeral.dbos_database_connection.shop.hostname
  port      = ephemeral.dbos_database_connection.shop.port
  username  = ephemeral.dbos_database_connection.shop.username
  password  = var.password
  sslmode   = var.sslmode
  superuser = false
}

resource "postgresql_database" "shop" {
  name = "shop"
}

resource "postgresql_role" "reporting" {
  name     = "reporting"
  login    = true
  password = var.reporting_password
}

resource "postgresql_grant" "reporting" {
  database    = postgresql_database.shop.name
  role        = postgresql_role.reporting.name
  object_type = "database"
  privileges  = ["CONNECT"]
}

output "hostname" {
  value = dbos_database_instance.shop.hostname
}

output "port" {
  value = dbos_database_instance.shop.port
}
