data "dbos_database_instance" "orders" {
  name = "orders"
}

# The application's own file with the address of its cloud database. The
# connection has no password, so the file contains "$${PGPASSWORD}" and no secret.
# To write it: terraform output -raw dbos_config > dbos-config.cloud.yaml
output "dbos_config" {
  value = provider::dbos::database_config(file("${path.module}/dbos-config.yaml"), data.dbos_database_instance.orders)
}
