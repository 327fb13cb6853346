# Needs Terraform 1.12 or newer. The default of organization is that of the provider.
import {
  to = dbos_database_restore.orders
  identity = {
    name = "orders_restored"
  }
}
