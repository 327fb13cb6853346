# Tests without a server what the module itself decides.

mock_provider "dbos" {
  source = "./tests/mocks"
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
