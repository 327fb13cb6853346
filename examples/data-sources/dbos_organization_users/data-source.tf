data "dbos_organization_users" "all" {}

output "users" {
  value = data.dbos_organization_users.all.usernames
}
