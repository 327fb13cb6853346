# For Terraform older than 1.11: the state stores the password, marked as
# sensitive. This instance is for tests only: Terraform may destroy it at once.
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
