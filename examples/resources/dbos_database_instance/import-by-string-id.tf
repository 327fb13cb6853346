import {
  to = dbos_database_instance.orders
  id = "orders"
}
