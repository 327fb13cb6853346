variable "staging_refresh_token" {
  description = "Refresh token of the staging organization."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# A second account. Its token and its organization belong together: an object
# that another organization owns is an error, never a deleted object.
provider "dbos" {
  alias         = "staging"
  refresh_token = var.staging_refresh_token
  organization  = "acme-staging"
}
