# What makes an environment one to try things in: small, cheap, and gone when it is destroyed.
environment         = "dev"
deletion_protection = false
cidr                = "10.40.0.0/20"
zones               = 2
endpoint_zones      = 1

functions = {
  http    = { memory_mb = 1024 }
  stream  = { memory_mb = 512 }
  outbox  = { memory_mb = 512 }
  migrate = { memory_mb = 512 }
}

tuning        = { log_level = "info", counter_shards = 1, archive_after_days = 90 }
throttle      = { rate = 50, burst = 100, counter_rate = 10, counter_burst = 20 }
route_metrics = false
release       = "CodeDeployDefault.LambdaAllAtOnce"

database = {
  instance_class        = "db.t4g.micro"
  storage_gb            = 20
  max_storage_gb        = 50
  multi_az              = false
  backup_retention_days = 3
  max_connections       = 80
}

log_retention_days   = 7
audit_retention_days = 30
monthly_budget_usd   = 120
