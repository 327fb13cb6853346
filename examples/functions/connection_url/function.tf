variable "orders_password" {
  description = "Password of the role that owns the databases of the instance orders."
  type        = string
  sensitive   = true
}

data "dbos_database_instance" "orders" {
  name = "orders"
}

output "orders_url" {
  sensitive = true
  value = provider::dbos::connection_url(merge(data.dbos_database_instance.orders, {
    password = var.orders_password
    database = "orders"
  }))
}
