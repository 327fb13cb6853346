# Tests with the local cloud from the environment, which runs a real PostgreSQL.

variables {
  name                = "unit_test"
  applications        = ["billing", "storefront"]
  password            = "Correct-horse-7"
  deletion_protection = false
}

run "provisions" {
  assert {
    condition     = dbos_database_instance.this.hostname == "127.0.0.1"
    error_message = "The instance is not on this machine."
  }

  assert {
    condition     = toset(keys(output.urls)) == toset(var.applications)
    error_message = "There is not one application for each name."
  }
}

run "rotates_in_place" {
  variables {
    password       = "Battery_staple:8"
    former_address = run.provisions.address
  }

  assert {
    condition     = output.address == var.former_address
    error_message = "The new password has changed the address of the instance."
  }
}
