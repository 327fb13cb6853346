variable "payment_key" {
  description = "Key of the payment service."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "dbos_application" "shop" {
  name                   = "shop-api"
  database_instance_name = "orders"
  language               = "node"
}

resource "dbos_application_secret" "payment_key" {
  application_name = dbos_application.shop.id
  name             = "PAYMENT_KEY"
  value_wo         = var.payment_key
  value_wo_version = 1
}

# Deploys when a file changes. A secret takes effect only at a deploy, so its
# version is a trigger. Therefore Terraform also sets the secret first.
resource "dbos_application_deployment" "shop" {
  application_name = dbos_application.shop.id
  source_dir       = "${path.module}/app"

  triggers = {
    payment_key = dbos_application_secret.payment_key.value_wo_version
  }
}
