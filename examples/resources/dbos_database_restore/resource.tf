variable "restore_timestamp" {
  description = "The last time at which the data were right, such as 2026-11-25T13:45:30.25Z."
  type        = string
}

# A new instance with the data, roles and passwords that "orders" had at that
# time. "orders" itself is not changed.
resource "dbos_database_restore" "orders" {
  name                 = "orders_restored"
  source_instance_name = "orders"
  restore_timestamp    = var.restore_timestamp
}
