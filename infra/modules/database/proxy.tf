# RDS Proxy and what it logs on with; none of it where the functions connect directly.

locals {
  proxies = var.settings.proxy ? { main = local.proxy_name } : {}
}

# The proxy logs on to PostgreSQL with a password, also for a client that came with a token: without one for the application, functions
# would have to come as the owner. migrate gives the role this password; it is in no state.
resource "aws_secretsmanager_secret" "application" {
  for_each = local.proxies

  name                    = local.secret_name
  description             = "What the proxy logs on with as ${local.application}"
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}

ephemeral "aws_secretsmanager_random_password" "application" {
  for_each = local.proxies

  # Unknown until the secret stands: the first plan asks AWS for no password.
  password_length     = aws_secretsmanager_secret.application[each.key].arn == "" ? 0 : 48
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "application" {
  for_each = local.proxies

  secret_id = aws_secretsmanager_secret.application[each.key].id
  secret_string_wo = jsonencode({
    username = local.application
    password = ephemeral.aws_secretsmanager_random_password.application[each.key].random_password
  })
  secret_string_wo_version = var.app_password_version
}

# The master secret's name is RDS's own, so that its ARN is known only once the instance stands.
module "proxy_role" {
  source   = "../service-role"
  for_each = local.proxies

  name                 = each.value
  service              = "rds.amazonaws.com"
  account_id           = var.arn_scope.account_id
  permissions_boundary = var.permissions_boundary
  allowed = {
    Passwords = { actions = ["secretsmanager:GetSecretValue"], resources = [local.master_secret_arn, aws_secretsmanager_secret.application[each.key].arn] }
  }
}

resource "aws_cloudwatch_log_group" "proxy" {
  for_each = local.proxies

  name              = "/aws/rds/proxy/${each.value}"
  retention_in_days = var.log_retention_days
}

resource "aws_db_proxy" "main" {
  for_each = local.proxies

  name                   = each.value
  engine_family          = "POSTGRESQL"
  role_arn               = module.proxy_role[each.key].arn
  vpc_subnet_ids         = var.subnet_ids
  vpc_security_group_ids = [var.security_group_ids.proxy]
  require_tls            = true
  idle_client_timeout    = 1800

  auth {
    auth_scheme = "SECRETS"
    description = "migrate comes with an IAM token, the proxy goes on with the rotated password"
    iam_auth    = "REQUIRED"
    secret_arn  = local.master_secret_arn
  }

  auth {
    auth_scheme = "SECRETS"
    description = "The other functions come with an IAM token, the proxy goes on with the password that migrate set"
    iam_auth    = "REQUIRED"
    secret_arn  = aws_secretsmanager_secret.application[each.key].arn
  }

  depends_on = [aws_cloudwatch_log_group.proxy, aws_secretsmanager_secret_version.application]
}

resource "aws_db_proxy_default_target_group" "main" {
  for_each = local.proxies

  db_proxy_name = aws_db_proxy.main[each.key].name

  connection_pool_config {
    # An operator's session and RDS's own need a place, too.
    max_connections_percent      = 90
    max_idle_connections_percent = 25
    # A request waits 3 s for a store at most.
    connection_borrow_timeout = 3
  }
}

# It is there minutes before the proxy can serve (PENDING_PROXY_CAPACITY): migrate waits for that.
resource "aws_db_proxy_target" "main" {
  for_each = local.proxies

  db_proxy_name          = aws_db_proxy.main[each.key].name
  target_group_name      = aws_db_proxy_default_target_group.main[each.key].name
  db_instance_identifier = aws_db_instance.main.identifier
}
