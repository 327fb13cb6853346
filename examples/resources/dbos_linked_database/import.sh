# By the name of the link.
terraform import dbos_linked_database.warehouse warehouse
