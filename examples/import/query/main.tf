terraform {
  required_version = ">= 1.14"

  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}
