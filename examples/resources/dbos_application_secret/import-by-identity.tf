# Needs Terraform 1.12 or newer. The default of organization is that of the provider.
import {
  to = dbos_application_secret.payment_key
  identity = {
    application_name = "shop-api"
    name             = "PAYMENT_KEY"
  }
}
