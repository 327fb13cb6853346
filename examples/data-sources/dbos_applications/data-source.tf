# The applications that have to be moved before the instance may go.
data "dbos_applications" "on_orders" {
  database_instance_name = "orders"
}

output "applications_on_orders" {
  value = [for application in data.dbos_applications.on_orders.applications : application.name]
}
