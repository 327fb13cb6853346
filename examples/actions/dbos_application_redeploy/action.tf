variable "payment_key" {
  type      = string
  sensitive = true
}

# Deploys the running version again. The application then gets the new secret.
# By hand: terraform apply -invoke=action.dbos_application_redeploy.shop
action "dbos_application_redeploy" "shop" {
  config {
    application_name = "shop-api"
  }
}

resource "dbos_application_secret" "payment_key" {
  application_name = "shop-api"
  name             = "PAYMENT_KEY"
  value_wo         = var.payment_key
  value_wo_version = 1 # raise it to send another value

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.dbos_application_redeploy.shop]
    }
  }
}
