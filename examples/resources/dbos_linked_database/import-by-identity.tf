# Needs Terraform 1.12 or newer. The default of organization is that of the provider.
import {
  to = dbos_linked_database.warehouse
  identity = {
    name = "warehouse"
  }
}
