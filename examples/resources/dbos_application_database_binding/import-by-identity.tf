# Needs Terraform 1.12 or newer. The default of organization is that of the provider.
import {
  to = dbos_application_database_binding.recovered["shop-api"]
  identity = {
    application_name = "shop-api"
  }
}
