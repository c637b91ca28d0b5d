locals {
  name      = "duet-${var.environment}"
  arn_scope = { partition = var.partition, region = var.region, account_id = var.account_id }
}

module "network" {
  source = "../modules/network"

  name                 = local.name
  arn_scope            = local.arn_scope
  cidr                 = var.cidr
  zones                = var.zones
  availability_zones   = var.availability_zones
  endpoint_zones       = var.endpoint_zones
  proxy                = var.database.proxy
  mail_sending_arns    = flatten(module.mail[*].sending_arns)
  flow_logs            = var.flow_logs
  log_retention_days   = var.log_retention_days
  permissions_boundary = var.permissions_boundary
}

module "web" {
  source = "../modules/web"
  count  = var.web == null ? 0 : 1

  name      = local.name
  arn_scope = local.arn_scope
  domain    = var.web.domain
  # The API lets in the app's origin, and so knows the distribution: what the distribution may know of the API is its name alone, or that it has none.
  api_source = var.domain == null ? "https://*.execute-api.${var.region}.amazonaws.com" : "https://${var.domain.name}"
}

module "mail" {
  source = "../modules/mail"
  count  = var.mail == null ? 0 : 1

  name      = local.name
  arn_scope = local.arn_scope
  domain    = var.mail.domain
}

module "tables" {
  source = "../modules/tables"

  name                = local.name
  deletion_protection = var.deletion_protection
}

module "database" {
  source = "../modules/database"

  name                 = local.name
  arn_scope            = local.arn_scope
  subnet_ids           = module.network.subnet_ids
  security_group_ids   = module.network.security_group_ids
  log_retention_days   = var.log_retention_days
  app_password_version = var.app_password_version
  settings             = var.database
  deletion_protection  = var.deletion_protection
  permissions_boundary = var.permissions_boundary
}

module "events" {
  source = "../modules/events"

  name                 = local.name
  arn_scope            = local.arn_scope
  archive_days         = var.event_archive_days
  webhook              = var.webhook
  webhook_api_key      = var.webhook_api_key
  subscribers          = var.subscribers
  permissions_boundary = var.permissions_boundary
}

module "api" {
  source = "../modules/api"

  name                 = local.name
  arn_scope            = local.arn_scope
  package_dir          = var.package_dir
  architecture         = var.architecture
  runtime              = var.runtime
  functions            = var.functions
  log_retention_days   = var.log_retention_days
  signing_key_version  = var.signing_key_version
  secret_recovery_days = var.deletion_protection ? 30 : 0
  network              = module.network.function_network
  tables               = { names = module.tables.names, indexes = module.tables.indexes, stream_arns = module.tables.stream_arns }
  bus_arn              = module.events.bus_arn
  database             = module.database.access
  mail_sending_arns    = flatten(module.mail[*].sending_arns)
  throttle             = var.throttle
  route_metrics        = var.route_metrics
  cors_origins         = concat(var.cors_origins, module.web[*].url)
  domain               = var.domain
  permissions_boundary = var.permissions_boundary

  variables = {
    tables    = module.tables.variables
    postgres  = module.database.variables
    events    = { EVENT_BUS_NAME = module.events.bus_name }
    log_level = { LOG_LEVEL = var.tuning.log_level }
    metrics   = { METRICS_NAMESPACE = local.name }
    mail      = var.mail == null ? {} : { MAIL_URL = "ses:", MAIL_FROM = var.mail.from, APP_URL = coalesce(var.mail.app_url, one(module.web[*].url)) }
    counter   = { COUNTER_SHARDS = tostring(var.tuning.counter_shards) }
    archive   = { ARCHIVE_AFTER_DAYS = tostring(var.tuning.archive_after_days) }
  }
}

module "audit" {
  source = "../modules/audit"

  name                 = local.name
  arn_scope            = local.arn_scope
  log_groups           = { for key in ["http", "migrate"] : key => module.api.functions[key].log_group }
  retention_days       = var.audit_retention_days
  log_retention_days   = var.log_retention_days
  deletion_protection  = var.deletion_protection
  permissions_boundary = var.permissions_boundary
}

module "observability" {
  source = "../modules/observability"

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
  mail_set           = one(module.mail[*].configuration_set)
  thresholds         = var.thresholds
  database = {
    instance        = module.database.instance_identifier
    proxy           = module.database.proxy_name
    max_connections = var.database.max_connections
    min_storage_gb  = max(2, floor(var.database.storage_gb / 10))
  }
}

module "release" {
  source = "../modules/release"

  name                 = local.name
  arn_scope            = local.arn_scope
  deployment_config    = var.release
  function             = module.api.release
  latency_p99_ms       = var.thresholds.latency_p99_ms
  alarm_topic_arn      = module.observability.alarm_topic_arn
  permissions_boundary = var.permissions_boundary
}
