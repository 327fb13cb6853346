# The applications to move before the instance can be destroyed.
data "dbos_applications" "on_orders" {
  database_instance_name = "orders"
}

output "applications_on_orders" {
  value = [for application in data.dbos_applications.on_orders.applications : application.name]
}
