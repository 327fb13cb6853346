data "dbos_application_secrets" "shop" {
  application_name = "shop-api"
}

output "secret_names" {
  value = data.dbos_application_secrets.shop.names
}
