# By the name of the database instance.
terraform import dbos_database_instance.orders orders
