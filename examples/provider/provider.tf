terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

# The login comes from DBOS_REFRESH_TOKEN or DBOS_TOKEN, or from the login of
# the dbos-cloud CLI in the working directory (.dbos/credentials).
provider "dbos" {}
