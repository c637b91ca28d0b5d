terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  identifier    = "${var.name}-postgres"
  proxy_name    = "${var.name}-proxy"
  database_name = "duet"

  # The owner makes the tables and is used by migrate alone; all else comes as the application, which can do no more than use them.
  owner       = "duet"
  application = "duet_app"
  secret_name = "${var.name}-app-role"

  major_version = split(".", var.settings.engine_version)[0]
  exported_logs = ["postgresql", "upgrade"]
}

resource "aws_db_subnet_group" "main" {
  name        = local.identifier
  description = "Private subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_db_parameter_group" "main" {
  name        = "${local.identifier}-${local.major_version}"
  family      = "postgres${local.major_version}"
  description = "TLS forced; slow statements and lock waits logged, never their parameters"

  # RDS keeps this one as pending-reboot, so that "immediate" would be planned anew for ever.
  parameter {
    name         = "rds.force_ssl"
    value        = "1"
    apply_method = "pending-reboot"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  parameter {
    name  = "log_lock_waits"
    value = "1"
  }

  # Parameters of statements are people's data.
  parameter {
    name  = "log_parameter_max_length"
    value = "0"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# RDS would make these groups itself, and keep them for ever.
resource "aws_cloudwatch_log_group" "postgres" {
  for_each = toset(local.exported_logs)

  name              = "/aws/rds/instance/${local.identifier}/${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_db_instance" "main" {
  identifier     = local.identifier
  engine         = "postgres"
  engine_version = var.settings.engine_version
  instance_class = var.settings.instance_class
  db_name        = local.database_name
  username       = local.owner

  # RDS makes the password, keeps it in Secrets Manager and rotates it: it is in no state and nobody knows it.
  manage_master_user_password         = true
  iam_database_authentication_enabled = true

  storage_type          = "gp3"
  allocated_storage     = var.settings.storage_gb
  max_allocated_storage = var.settings.max_storage_gb
  storage_encrypted     = true

  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [var.security_group_ids.database]
  parameter_group_name   = aws_db_parameter_group.main.name
  publicly_accessible    = false
  multi_az               = var.settings.multi_az

  backup_retention_period   = var.settings.backup_retention_days
  backup_window             = "02:00-03:00"
  maintenance_window        = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !var.settings.deletion_protection
  deletion_protection       = var.settings.deletion_protection
  skip_final_snapshot       = !var.settings.deletion_protection
  final_snapshot_identifier = var.settings.deletion_protection ? "${local.identifier}-final" : null

  auto_minor_version_upgrade      = true
  apply_immediately               = var.settings.apply_immediately
  performance_insights_enabled    = true
  enabled_cloudwatch_logs_exports = local.exported_logs

  depends_on = [aws_cloudwatch_log_group.postgres]
}

# The proxy logs on to PostgreSQL with a password, whoever comes to it with a token: without one for the application, functions would
# have to come as the owner. migrate gives the role this password; nobody types it, and it is in no state.
resource "aws_secretsmanager_secret" "application" {
  name                    = local.secret_name
  description             = "What the proxy logs on with as ${local.application}"
  recovery_window_in_days = var.settings.deletion_protection ? 30 : 0
}

ephemeral "aws_secretsmanager_random_password" "application" {
  # Unknown until the secret stands: the first plan asks AWS for no password.
  password_length     = aws_secretsmanager_secret.application.arn == "" ? 0 : 48
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "application" {
  secret_id = aws_secretsmanager_secret.application.id
  secret_string_wo = jsonencode({
    username = local.application
    password = ephemeral.aws_secretsmanager_random_password.application.random_password
  })
  secret_string_wo_version = var.app_password_version
}

resource "aws_iam_role" "proxy" {
  name = "${var.name}-proxy"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "rds.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.arn_scope.account_id } }
    }]
  })
}

# The master secret's name is RDS's own, so that its ARN is known only once the instance stands.
resource "aws_iam_role_policy" "proxy" {
  name = "secrets"
  role = aws_iam_role.proxy.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Passwords"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [aws_db_instance.main.master_user_secret[0].secret_arn, aws_secretsmanager_secret.application.arn]
    }]
  })
}

resource "aws_cloudwatch_log_group" "proxy" {
  name              = "/aws/rds/proxy/${local.proxy_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_db_proxy" "main" {
  name                   = local.proxy_name
  engine_family          = "POSTGRESQL"
  role_arn               = aws_iam_role.proxy.arn
  vpc_subnet_ids         = var.subnet_ids
  vpc_security_group_ids = [var.security_group_ids.proxy]
  require_tls            = true
  idle_client_timeout    = 1800

  auth {
    auth_scheme = "SECRETS"
    description = "migrate comes with an IAM token, the proxy goes on with the rotated password"
    iam_auth    = "REQUIRED"
    secret_arn  = aws_db_instance.main.master_user_secret[0].secret_arn
  }

  auth {
    auth_scheme = "SECRETS"
    description = "The other functions come with an IAM token, the proxy goes on with the password that migrate set"
    iam_auth    = "REQUIRED"
    secret_arn  = aws_secretsmanager_secret.application.arn
  }

  depends_on = [aws_cloudwatch_log_group.proxy, aws_iam_role_policy.proxy, aws_secretsmanager_secret_version.application]
}

resource "aws_db_proxy_default_target_group" "main" {
  db_proxy_name = aws_db_proxy.main.name

  connection_pool_config {
    # An operator's session and RDS's own need a place, too.
    max_connections_percent      = 90
    max_idle_connections_percent = 25
    # A request waits 3 s for a store at most.
    connection_borrow_timeout = 3
  }
}

resource "aws_db_proxy_target" "main" {
  db_proxy_name          = aws_db_proxy.main.name
  target_group_name      = aws_db_proxy_default_target_group.main.name
  db_instance_identifier = aws_db_instance.main.identifier
}
