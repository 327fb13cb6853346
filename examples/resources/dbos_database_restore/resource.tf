variable "restore_timestamp" {
  description = "The last moment at which the data were right, such as 2026-11-25T13:45:30.25Z."
  type        = string
}

# A new instance with the content that "orders" had at that moment; "orders"
# stays as it is. Roles and passwords are those of that moment too.
resource "dbos_database_restore" "orders" {
  name                 = "orders_restored"
  source_instance_name = "orders"
  restore_timestamp    = var.restore_timestamp
}
