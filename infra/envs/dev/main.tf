module "duet" {
  source = "../../modules/stack"

  environment          = var.environment
  account_id           = var.account_id
  region               = var.region
  partition            = var.partition
  network              = { cidr = var.cidr, availability_zones = var.availability_zones, endpoint_zones = 1 }
  deletion_protection  = false
  package_dir          = var.package_dir
  architecture         = var.architecture
  functions            = var.functions
  http_version         = var.http_version
  tuning               = var.tuning
  throttle             = var.throttle
  cors_origins         = var.cors_origins
  domain               = var.domain
  database             = var.database
  signing_key          = var.signing_key
  signing_key_version  = var.signing_key_version
  app_password_version = var.app_password_version
  event_archive_days   = var.event_archive_days
  webhook              = var.webhook
  webhook_api_key      = var.webhook_api_key
  subscribers          = var.subscribers
  log_retention_days   = var.log_retention_days
  alarm_email          = var.alarm_email
  monthly_budget_usd   = var.monthly_budget_usd
}
