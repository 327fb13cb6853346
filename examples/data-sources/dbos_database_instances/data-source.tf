data "dbos_database_instances" "all" {}

output "not_available" {
  description = "Name and status of the instances that cannot be used now."
  value = {
    for instance in data.dbos_database_instances.all.instances :
    instance.name => instance.status if !instance.available
  }
}
