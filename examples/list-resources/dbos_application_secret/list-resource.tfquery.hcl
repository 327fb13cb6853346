# The names of the secrets of one application. The API never returns their values.
list "dbos_application_secret" "shop" {
  provider         = dbos
  include_resource = true

  config {
    application_name = "shop-api"
  }
}
