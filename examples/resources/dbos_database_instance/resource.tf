variable "orders_password" {
  description = "Password of the role orders_admin."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "dbos_database_instance" "orders" {
  name     = "orders"
  username = "orders_admin"

  # Stored neither in the plan nor in the state. To rotate it in place, change
  # the variable's value and raise the version.
  password_wo         = var.orders_password
  password_wo_version = 1
}
