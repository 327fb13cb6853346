# By the name of the application.
terraform import dbos_application.shop shop-api
