# Useful values for the attributes that DBOS Cloud computes. Without them, a
# mocked provider uses eight random letters for a string, and 0 for a number.
# Copy this file.

mock_resource "dbos_database_instance" {
  defaults = {
    id             = "instance"
    organization   = "example"
    hostname       = "db.example.com"
    port           = 5432
    admin_username = "dbosadmin"
  }
}

mock_resource "dbos_database_restore" {
  defaults = {
    id             = "restored"
    organization   = "example"
    username       = "admin_role"
    hostname       = "db.example.com"
    port           = 5432
    admin_username = "dbosadmin"
  }
}

mock_resource "dbos_application" {
  defaults = {
    id             = "application"
    organization   = "example"
    application_id = "00000000-0000-4000-8000-000000000000"
    database_name  = "application"
    url            = "https://example-application.cloud.dbos.dev"
  }
}

mock_data "dbos_account" {
  defaults = {
    name              = "someone"
    email             = "someone@example.com"
    organization      = "example"
    subscription_plan = "pro"
  }
}

mock_data "dbos_database_instance" {
  defaults = {
    username       = "admin_role"
    admin_username = "dbosadmin"
    hostname       = "db.example.com"
    port           = 5432
    status         = "available"
    available      = true
    linked         = false
  }
}

mock_data "dbos_application" {
  defaults = {
    application_id         = "00000000-0000-4000-8000-000000000000"
    database_instance_name = "instance"
    database_name          = "application"
    status                 = "AVAILABLE"
    available              = true
    version                = "1700000000000"
    url                    = "https://example-application.cloud.dbos.dev"
    executors_memory_mib   = 512
  }
}
