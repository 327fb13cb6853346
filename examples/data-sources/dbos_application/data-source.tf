data "dbos_application" "shop" {
  name = "shop-api"
}

output "shop_url" {
  value = data.dbos_application.shop.url
}
