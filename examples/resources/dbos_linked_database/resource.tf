variable "warehouse_password" {
  description = "Password of the role dbosadmin, which needs CREATEDB."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "dbos_linked_database" "warehouse" {
  name                = "warehouse"
  hostname            = "warehouse.example.com"
  password_wo         = var.warehouse_password
  password_wo_version = 1
}
