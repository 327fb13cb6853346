# Lists all objects. A list ends at its limit, which is 100 by default.
list "dbos_database_instance" "all" {
  provider         = dbos
  include_resource = true
  limit            = 1000
}

list "dbos_linked_database" "all" {
  provider         = dbos
  include_resource = true
  limit            = 1000
}

list "dbos_application" "all" {
  provider         = dbos
  include_resource = true
  limit            = 1000
}

list "dbos_application_secret" "all" {
  provider         = dbos
  include_resource = true
  limit            = 1000
}
