output "variables" {
  description = "The environment variables with which any function reaches PostgreSQL, over TLS, once it can be reached."
  value = merge(
    {
      RDS_HOST     = var.settings.proxy ? aws_db_proxy.main["main"].endpoint : aws_db_instance.main.address
      RDS_PORT     = "5432"
      RDS_DATABASE = local.database_name
      RDS_SSL      = "verify"
    },
    # RDS's own certificates are not among those that Lambda's Node loads; the proxy's are Amazon's public ones, and reading more takes time
    # at each start: https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
    var.settings.proxy ? {} : { NODE_EXTRA_CA_CERTS = "/var/runtime/ca-cert.pem" },
  )

  depends_on = [aws_db_instance.main, aws_db_proxy_target.main]
}

output "access" {
  description = "As whom functions connect; by user what rds-db:connect is granted on, known once the host stands; and the secret that migrate reads: its ARN for the policy, in a form known when planning where there is one."
  value = {
    users = { owner = local.owner, application = local.application }
    connect_arns = {
      for user in [local.owner, local.application] :
      user => "arn:${var.arn_scope.partition}:rds-db:${var.arn_scope.region}:${var.arn_scope.account_id}:dbuser:${var.settings.proxy ? element(split(":", aws_db_proxy.main["main"].arn), 6) : aws_db_instance.main.resource_id}/${user}"
    }
    proxy            = var.settings.proxy
    secret_name      = local.secret_name
    secret_arn       = var.settings.proxy ? aws_secretsmanager_secret.application["main"].arn : local.master_secret_arn
    password_version = var.app_password_version
  }

  depends_on = [aws_secretsmanager_secret_version.application]
}

output "instance_identifier" {
  description = "The instance, for alarms."
  value       = aws_db_instance.main.identifier
}

output "proxy_name" {
  description = "The proxy, for the dashboard; null without one."
  value       = one([for proxy in aws_db_proxy.main : proxy.name])
}

output "endpoint" {
  description = "The instance's own address, reachable from within the VPC."
  value       = aws_db_instance.main.address
}
