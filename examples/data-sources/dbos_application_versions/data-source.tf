variable "restore_timestamp" {
  description = "Time for which to find the version, such as 2026-11-25T13:45:30.25Z."
  type        = string
}

data "dbos_application_versions" "shop" {
  application_name = "shop-api"
  running_at       = var.restore_timestamp
}

output "version_then" {
  value = data.dbos_application_versions.shop.running_version
}
