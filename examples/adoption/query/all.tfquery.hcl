# What there is. A list ends at its limit, which is 100 unless it is set.
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
