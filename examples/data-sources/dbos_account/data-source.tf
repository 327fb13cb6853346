data "dbos_account" "current" {}

output "organization" {
  value = data.dbos_account.current.organization
}
