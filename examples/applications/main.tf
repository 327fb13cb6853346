# Two applications on one instance, each in a database of its own. One has a
# migration and a secret.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

variable "password" {
  description = "Password of the role apps_admin, stored neither in the plan nor in the state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "payment_key" {
  description = "Key of the payment service, stored neither in the plan nor in the state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "payment_key_version" {
  description = "To be raised when the key changes: a write-only value alone is not seen."
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

# A secret takes effect at a deploy only. As a trigger its version deploys when
# it changes, once, also together with changed files; and the secret is always
# set before.
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
