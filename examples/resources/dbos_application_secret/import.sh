# By the names of the application and of the secret.
terraform import dbos_application_secret.payment_key shop-api/PAYMENT_KEY
