variable "orders_password" {
  description = "Password of the role orders_admin."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "dbos_database_instance" "orders" {
  name                = "orders"
  username            = "orders_admin"
  password_wo         = var.orders_password
  password_wo_version = 1
}

# A change of database_instance_name moves a deployed application in place, with
# its running version.
resource "dbos_application" "shop" {
  name                   = "shop-api"
  database_instance_name = dbos_database_instance.orders.id
  language               = "node"
  executors_memory_mib   = 1024
}
