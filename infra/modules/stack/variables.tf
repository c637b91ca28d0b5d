variable "environment" {
  description = "Part of every name: duet-<environment>-<thing>."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "environment must be 2 to 10 small letters and digits, beginning with a letter."
  }
}

variable "account_id" {
  description = "The AWS account; the provider refuses any other."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of an AWS account."
  }
}

variable "region" {
  description = "The AWS region."
  type        = string
}

variable "partition" {
  description = "aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"
}

variable "network" {
  description = "Range and zones of the VPC; endpoint_zones: in how many of them the interface endpoints stand."
  type        = object({ cidr = string, availability_zones = list(string), endpoint_zones = number })
}

variable "database" {
  description = "PostgreSQL's size and safety. most_connections: an alarm from there on; see max_connections of the instance class."
  type = object({
    instance_class        = string
    engine_version        = string
    storage_gb            = number
    max_storage_gb        = number
    multi_az              = bool
    backup_retention_days = number
    most_connections      = number
  })
}

variable "deletion_protection" {
  description = "Whether tables and database refuse to be deleted, a final snapshot is kept and secrets can be restored."
  type        = bool
}

variable "package_dir" {
  description = "The folder with the functions' packages."
  type        = string
}

variable "architecture" {
  description = "arm64 or x86_64, as the packages were built."
  type        = string
}

variable "functions" {
  description = "Size of each function; see the api module."
  type = object({
    http    = object({ memory_mb = number, reserved_concurrency = number, provisioned_concurrency = number })
    stream  = object({ memory_mb = number })
    outbox  = object({ memory_mb = number })
    migrate = object({ memory_mb = number })
  })
}

variable "http_version" {
  description = "The published version of http that serves; null: the one just applied."
  type        = string
}

variable "tuning" {
  description = "The service's own tuning: LOG_LEVEL, COUNTER_SHARDS, ARCHIVE_AFTER_DAYS."
  type        = object({ log_level = string, counter_shards = number, archive_after_days = number })
}

variable "throttle" {
  description = "Requests a second and burst: of the whole API, and of the public counter."
  type        = object({ rate = number, burst = number, counter_rate = number, counter_burst = number })
}

variable "cors_origins" {
  description = "Origins whose pages may call the API."
  type        = list(string)
}

variable "domain" {
  description = "A name of one's own and its certificate; null: API Gateway's address."
  type        = object({ name = string, certificate_arn = string })
}

variable "signing_key" {
  description = "The token signing key, 32 bytes or more; never in state."
  type        = string
  ephemeral   = true

  validation {
    condition     = length(var.signing_key) >= 32
    error_message = "signing_key must be at least 32 characters long: openssl rand -base64 48"
  }
}

variable "signing_key_version" {
  description = "Raise it to write a new signing key."
  type        = number
}

variable "app_password_version" {
  description = "Raise it to give the functions' role in PostgreSQL a new password."
  type        = number
}

variable "event_archive_days" {
  description = "How long the archive keeps events."
  type        = number
}

variable "webhook" {
  description = "Where record.created is forwarded to; null: nowhere."
  type = object({
    url                  = string
    api_key_header       = string
    requests_a_second    = number
    retry_attempts       = number
    retry_within_seconds = number
  })

  validation {
    condition     = var.webhook == null || startswith(try(var.webhook.url, ""), "https://")
    error_message = "webhook.url must start with https://."
  }
}

variable "webhook_api_key" {
  description = "What the webhook's receiver knows us by."
  type        = string
  sensitive   = true
}

variable "subscribers" {
  description = "More targets of events, by name; see the events module."
  type = map(object({
    detail_types = list(string)
    target_arn   = string
    role_arn     = optional(string)
  }))
}

variable "log_retention_days" {
  description = "How long all logs are kept."
  type        = number
}

variable "alarm_email" {
  description = "Who is told of alarms; null: nobody but the topic's subscribers."
  type        = string
}

variable "monthly_budget_usd" {
  description = "What a month may cost."
  type        = number
}

variable "thresholds" {
  description = "Where alarms begin; see the observability module."
  type = object({
    latency_p99_ms         = number
    server_errors_percent  = number
    outbox_age_seconds     = number
    iterator_age_seconds   = number
    code_cache_rejections  = number
    undelivered_to_webhook = number
  })
  default = {
    latency_p99_ms         = 2000
    server_errors_percent  = 1
    outbox_age_seconds     = 300
    iterator_age_seconds   = 300
    code_cache_rejections  = 0
    undelivered_to_webhook = 0
  }
}
