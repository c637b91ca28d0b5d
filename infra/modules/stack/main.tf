terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  name      = "duet-${var.environment}"
  arn_scope = { partition = var.partition, region = var.region, account_id = var.account_id }
}

module "network" {
  source = "../network"

  name               = local.name
  region             = var.region
  cidr               = var.network.cidr
  availability_zones = var.network.availability_zones
  endpoint_zones     = var.network.endpoint_zones
}

module "tables" {
  source = "../tables"

  name                = local.name
  deletion_protection = var.deletion_protection
}

module "database" {
  source = "../database"

  name                 = local.name
  arn_scope            = local.arn_scope
  subnet_ids           = module.network.subnet_ids
  security_group_ids   = module.network.security_group_ids
  log_retention_days   = var.log_retention_days
  app_password_version = var.app_password_version
  settings = {
    instance_class        = var.database.instance_class
    engine_version        = var.database.engine_version
    storage_gb            = var.database.storage_gb
    max_storage_gb        = var.database.max_storage_gb
    multi_az              = var.database.multi_az
    backup_retention_days = var.database.backup_retention_days
    deletion_protection   = var.deletion_protection
    apply_immediately     = !var.deletion_protection
  }
}

module "events" {
  source = "../events"

  name            = local.name
  arn_scope       = local.arn_scope
  archive_days    = var.event_archive_days
  webhook         = var.webhook
  webhook_api_key = var.webhook_api_key
  subscribers     = var.subscribers
}

module "api" {
  source = "../api"

  name                 = local.name
  arn_scope            = local.arn_scope
  package_dir          = var.package_dir
  architecture         = var.architecture
  functions            = var.functions
  http_version         = var.http_version
  log_retention_days   = var.log_retention_days
  signing_key          = var.signing_key
  signing_key_version  = var.signing_key_version
  secret_recovery_days = var.deletion_protection ? 30 : 0
  network              = module.network.function_network
  tables               = { names = module.tables.names, indexes = module.tables.indexes, stream_arns = module.tables.stream_arns }
  bus_arn              = module.events.bus_arn
  database             = { users = module.database.users, connect_arns = module.database.connect_arns, app_secret = module.database.app_secret }
  throttle             = var.throttle
  cors_origins         = var.cors_origins
  domain               = var.domain

  variables = {
    tables    = module.tables.variables
    postgres  = module.database.variables
    events    = { EVENT_BUS_NAME = module.events.bus_name }
    log_level = { LOG_LEVEL = var.tuning.log_level }
    metrics   = { METRICS_NAMESPACE = local.name }
    counter   = { COUNTER_SHARDS = tostring(var.tuning.counter_shards) }
    archive   = { ARCHIVE_AFTER_DAYS = tostring(var.tuning.archive_after_days) }
  }
}

module "observability" {
  source = "../observability"

  name               = local.name
  arn_scope          = local.arn_scope
  alarm_email        = var.alarm_email
  monthly_budget_usd = var.monthly_budget_usd
  api_id             = module.api.api_id
  functions          = module.api.functions
  queue_names        = merge(module.api.queue_names, module.events.queue_names)
  rule_names         = module.events.rule_names
  bus_name           = module.events.bus_name
  table_names        = module.tables.names
  thresholds         = var.thresholds
  database = {
    instance_identifiers = module.database.instance_identifiers
    most_connections     = var.database.most_connections
    least_storage_gb     = max(2, floor(var.database.storage_gb / 10))
  }
}
