# All database instances whose names begin with "shop_", with what a generated configuration needs.
list "dbos_database_instance" "shops" {
  provider         = dbos
  include_resource = true

  config {
    name_prefix = "shop_"
  }
}
