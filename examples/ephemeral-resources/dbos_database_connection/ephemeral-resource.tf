variable "orders_password" {
  description = "Password of the role that owns the databases of the instance orders."
  type        = string
  sensitive   = true
  ephemeral   = true
}

ephemeral "dbos_database_connection" "orders" {
  database_instance_name = "orders"
  database               = "orders"
  password               = var.orders_password
  sslmode                = "require"
}

# For the configuration of another provider, or for a write-only attribute.
locals {
  orders_url = ephemeral.dbos_database_connection.orders.url
}
