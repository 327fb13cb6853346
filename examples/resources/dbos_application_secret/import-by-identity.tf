# Needs Terraform 1.12 or newer. The organization may be given too; by default it is the provider's.
import {
  to = dbos_application_secret.payment_key
  identity = {
    application_name = "shop-api"
    name             = "PAYMENT_KEY"
  }
}
