output "variables" {
  description = "The environment variables with which any function reaches PostgreSQL: through the proxy, with an IAM token, over TLS."
  value = {
    RDS_HOST     = aws_db_proxy.main.endpoint
    RDS_PORT     = "5432"
    RDS_DATABASE = local.database_name
    RDS_IAM_AUTH = "true"
    RDS_SSL      = "verify"
  }

  # A function that is made once this is known can connect at once.
  depends_on = [aws_db_proxy_target.main]
}

output "users" {
  description = "Whom functions can be to PostgreSQL: the owner of the tables, and the application, which uses them."
  value       = { owner = local.owner, application = local.application }
}

output "connect_arns" {
  description = "What rds-db:connect is granted on, by user: the proxy's own id, known after it was made, and that user."
  value = {
    for user in [local.owner, local.application] :
    user => "arn:${var.arn_scope.partition}:rds-db:${var.arn_scope.region}:${var.arn_scope.account_id}:dbuser:${element(split(":", aws_db_proxy.main.arn), 6)}/${user}"
  }
}

output "app_secret" {
  description = "The secret of which migrate makes the application's role: name, ARN, and a version that grows with each password."
  value = {
    name    = local.secret_name
    arn     = aws_secretsmanager_secret.application.arn
    version = aws_secretsmanager_secret_version.application.secret_string_wo_version
  }
}

output "instance_identifiers" {
  description = "The instances, for alarms."
  value       = [aws_db_instance.main.identifier]
}

output "proxy_name" {
  description = "The proxy, for the dashboard."
  value       = local.proxy_name
}

output "endpoint" {
  description = "The instance's own address, reachable from within the VPC."
  value       = aws_db_instance.main.address
}
