variable "payment_key" {
  description = "Key of the payment service."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "dbos_application_secret" "payment_key" {
  application_name = "shop-api"
  name             = "PAYMENT_KEY"

  # To change it, change the variable's value and raise the version. It takes
  # effect at the next deploy: see the triggers of dbos_application_deployment.
  value_wo         = var.payment_key
  value_wo_version = 1
}
