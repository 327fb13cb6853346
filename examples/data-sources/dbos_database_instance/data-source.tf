# An instance that another configuration provisions.
data "dbos_database_instance" "shared" {
  name = "shared"
}

output "shared_address" {
  value = "${data.dbos_database_instance.shared.hostname}:${data.dbos_database_instance.shared.port}"
}
