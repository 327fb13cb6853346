# By the name of the restored database instance. Source and time, which no call
# answers, are then taken from the configuration.
terraform import dbos_database_restore.orders orders_restored
