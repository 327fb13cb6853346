variable "supabase_password" {
  description = "Password of the Supabase project's database."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "dbos_linked_database" "supabase" {
  name                = "supabase_db"
  hostname            = "aws-0-eu-central-1.pooler.supabase.com"
  supabase_reference  = "abcdefghijklmnopqrst"
  password_wo         = var.supabase_password
  password_wo_version = 1
}
