variable "orders_password" {
  description = "Password of the role orders_admin."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "dbos_database_instance" "orders" {
  name     = "orders"
  username = "orders_admin"

  # Neither the plan nor the state stores it. To rotate the password in place,
  # change the value of the variable and raise the version.
  password_wo         = var.orders_password
  password_wo_version = 1
}
