# What makes an environment one that people rely on.
environment         = "prod"
deletion_protection = true
cidr                = "10.41.0.0/20"
zones               = 3
endpoint_zones      = 3

functions = {
  # 1,769 MB is one whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
  http    = { memory_mb = 1769 }
  stream  = { memory_mb = 512 }
  outbox  = { memory_mb = 512 }
  migrate = { memory_mb = 512 }
}

tuning        = { log_level = "info", counter_shards = 4, archive_after_days = 90 }
throttle      = { rate = 1000, burst = 2000, counter_rate = 100, counter_burst = 200 }
route_metrics = true
release       = "CodeDeployDefault.LambdaCanary10Percent5Minutes"

database = {
  instance_class        = "db.t4g.medium"
  storage_gb            = 50
  max_storage_gb        = 500
  multi_az              = true
  backup_retention_days = 14
  max_connections       = 320
}

log_retention_days   = 90
audit_retention_days = 400
monthly_budget_usd   = 500
