# For a Terraform older than 1.11: the password is stored in the state, marked
# as sensitive. Only for tests: an instance that may be destroyed at once.
variable "scratch_password" {
  description = "Password of the role tester."
  type        = string
  sensitive   = true
}

resource "dbos_database_instance" "scratch" {
  name                = "scratch"
  username            = "tester"
  password            = var.scratch_password
  deletion_protection = false

  timeouts {
    create = "30m"
  }
}
