variable "legacy_url" {
  description = "Connection URL of the existing database, such as postgresql://dbosadmin:...@legacy.example.com:5432/postgres. Its role needs CREATEDB."
  type        = string
  sensitive   = true
}

locals {
  legacy = provider::dbos::parse_connection_url(var.legacy_url)
}

resource "dbos_linked_database" "legacy" {
  name                = "legacy"
  hostname            = nonsensitive(local.legacy.hostname)
  port                = nonsensitive(local.legacy.port)
  admin_username      = nonsensitive(local.legacy.username)
  password_wo         = local.legacy.password
  password_wo_version = 1
}
