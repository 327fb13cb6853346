# All applications, with what a generated configuration needs.
list "dbos_application" "all" {
  provider         = dbos
  include_resource = true
}
