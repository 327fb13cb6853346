# All instances of the organization, and one instance by its name. The name comes
# from the id of the resource, so Terraform reads it only when the instance exists.

data "dbos_account" "current" {}

data "dbos_database_instance" "shop" {
  name = dbos_database_instance.shop.id
}

data "dbos_database_instances" "all" {
  depends_on = [dbos_database_instance.shop]
}

output "organization" {
  value = data.dbos_account.current.organization
}

output "status" {
  value = data.dbos_database_instance.shop.status
}

output "instances" {
  value = [for instance in data.dbos_database_instances.all.instances : instance.name]
}
