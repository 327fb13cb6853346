variable "staging_refresh_token" {
  description = "Refresh token of the staging organization."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# A second account, with its own token and organization. An object that another
# organization owns is an error. It never looks like a deleted object.
provider "dbos" {
  alias         = "staging"
  refresh_token = var.staging_refresh_token
  organization  = "acme-staging"
}
