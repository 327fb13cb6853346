# Lists the objects of the organization, in the format of the variables of
# 2-import. It only reads.

terraform {
  required_providers {
    dbos = {
      source = "dbos-community/dbos"
    }
  }
}

data "dbos_database_instances" "all" {}

data "dbos_applications" "all" {}

data "dbos_application_secrets" "all" {
  for_each = toset(data.dbos_applications.all.applications[*].name)

  application_name = each.key
}

output "inventory" {
  value = {
    instances = {
      for instance in data.dbos_database_instances.all.instances :
      instance.name => { username = instance.username } if instance.linked != true
    }
    links = {
      for instance in data.dbos_database_instances.all.instances :
      instance.name => {
        hostname = instance.hostname
        port     = instance.port
        # For a Supabase database, the reference determines the role.
        admin_username     = instance.supabase_reference == null ? instance.admin_username : null
        supabase_reference = instance.supabase_reference
      } if instance.linked == true
    }
    applications = {
      for application in data.dbos_applications.all.applications :
      application.name => {
        database_instance_name = application.database_instance_name
        secrets                = data.dbos_application_secrets.all[application.name].names
      }
    }
  }
}
