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

  master_secret_arn = aws_db_instance.main.master_user_secret[0].secret_arn
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

  # RDS makes the password, keeps it in Secrets Manager and rotates it: it is in no state, and no person knows it.
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
  delete_automated_backups  = !var.deletion_protection
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = var.deletion_protection ? "${local.identifier}-final" : null

  auto_minor_version_upgrade      = true
  apply_immediately               = !var.deletion_protection
  performance_insights_enabled    = true
  enabled_cloudwatch_logs_exports = local.exported_logs

  depends_on = [aws_cloudwatch_log_group.postgres]
}

