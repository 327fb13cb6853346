# By the name of the application.
terraform import 'dbos_application_database_binding.recovered["shop-api"]' shop-api
