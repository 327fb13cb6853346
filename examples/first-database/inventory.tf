# What the organization has, and one instance looked up by its name. The name
# is taken from the resource's id, so that nothing is asked for before it exists.

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
