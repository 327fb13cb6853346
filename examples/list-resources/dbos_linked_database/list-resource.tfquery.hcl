# All linked databases, with what a generated configuration needs.
list "dbos_linked_database" "all" {
  provider         = dbos
  include_resource = true
}
