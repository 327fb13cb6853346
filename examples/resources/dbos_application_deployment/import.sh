# By the name of the application. The next apply deploys once.
terraform import dbos_application_deployment.shop shop-api
