# By the name of the restored database instance. The API does not return source
# and time: the next apply takes them from the configuration.
terraform import dbos_database_restore.orders orders_restored
