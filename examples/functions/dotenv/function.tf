locals {
  # The same file as for "dbos-cloud app env import".
  environment = provider::dbos::dotenv(sensitive(file("${path.module}/production.env")))
}

# The names may show in a plan, the values may not.
resource "dbos_application_secret" "environment" {
  for_each = toset(nonsensitive(keys(local.environment)))

  application_name = "shop-api"
  name             = each.key
  value            = local.environment[each.key]
}
