# Two applications on one instance, each with its own database. One has a
# migration and a secret.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

variable "password" {
  description = "Password of the role apps_admin. Neither the plan nor the state stores it."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "payment_key" {
  description = "Key of the payment service. Neither the plan nor the state stores it."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "payment_key_version" {
  description = "Raise it when the key changes: Terraform cannot see a change of a write-only value."
  type        = number
  default     = 1
}

resource "dbos_database_instance" "apps" {
  name                = "apps"
  username            = "apps_admin"
  password_wo         = var.password
  password_wo_version = 1
}

resource "dbos_application" "invoicing" {
  name                   = "invoicing"
  database_instance_name = dbos_database_instance.apps.id
  language               = "node"
  executors_memory_mib   = 1024
}

resource "dbos_application_secret" "payment_key" {
  application_name = dbos_application.invoicing.id
  name             = "PAYMENT_KEY"
  value_wo         = var.payment_key
  value_wo_version = var.payment_key_version
}

# A secret takes effect only at a deploy, so its version is a trigger. Terraform
# sets the secret first and then deploys once, even if files change too.
resource "dbos_application_deployment" "invoicing" {
  application_name = dbos_application.invoicing.id
  source_dir       = "${path.module}/invoicing"

  triggers = {
    payment_key = dbos_application_secret.payment_key.value_wo_version
  }
}

resource "dbos_application" "catalog" {
  name                   = "catalog"
  database_instance_name = dbos_database_instance.apps.id
  language               = "node"
}

resource "dbos_application_deployment" "catalog" {
  application_name = dbos_application.catalog.id
  source_dir       = "${path.module}/catalog"
}

output "hostname" {
  value = dbos_database_instance.apps.hostname
}

output "port" {
  value = dbos_database_instance.apps.port
}

output "username" {
  value = dbos_database_instance.apps.username
}
