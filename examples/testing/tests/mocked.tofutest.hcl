# The same for OpenTofu, which reads this file instead of mocked.tftest.hcl. It
# reads mocks only from the test file.

mock_provider "dbos" {
  mock_resource "dbos_database_instance" {
    defaults = {
      id             = "instance"
      organization   = "example"
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
}

variables {
  applications = ["billing"]
  password     = "Correct-horse-7"
}

run "protects_by_default" {
  assert {
    condition     = dbos_database_instance.this.deletion_protection
    error_message = "The instance is not protected."
  }

  assert {
    condition     = output.address == "db.example.com:5432"
    error_message = "The address is not that of the mock file."
  }

  assert {
    condition     = output.database_url == "postgresql://team_admin:Correct-horse-7@db.example.com:5432/postgres"
    error_message = "The URL does not lead to the instance."
  }
}

run "refuses_a_long_name" {
  command = plan

  variables {
    name = "a_long_name_for_a_team"
  }

  expect_failures = [var.name]
}
