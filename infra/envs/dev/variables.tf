variable "environment" {
  description = "Part of every name: duet-<environment>-<thing>."
  type        = string
  default     = "dev"
}

variable "account_id" {
  description = "The AWS account to deploy to, 12 digits."
  type        = string
}

variable "region" {
  description = "The AWS region to deploy to."
  type        = string
  default     = "eu-central-1"
}

variable "partition" {
  description = "aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"
}

variable "availability_zones" {
  description = "Zones of that region, two or more."
  type        = list(string)
  default     = ["eu-central-1a", "eu-central-1b"]
}

variable "cidr" {
  description = "IPv4 range of the VPC."
  type        = string
  default     = "10.40.0.0/20"
}

variable "package_dir" {
  description = "Where npm run package left the functions' zip files."
  type        = string
  default     = "../../../dist/lambda"
}

variable "architecture" {
  description = "arm64 or x86_64, as the packages were built: their native binaries are for one of them."
  type        = string
  default     = "arm64"
}

variable "functions" {
  description = "Size of each function. reserved_concurrency -1 shares the account's; provisioned_concurrency keeps so many environments warm."
  type = object({
    http    = object({ memory_mb = number, reserved_concurrency = number, provisioned_concurrency = number })
    stream  = object({ memory_mb = number })
    outbox  = object({ memory_mb = number })
    migrate = object({ memory_mb = number })
  })
  default = {
    # 1,769 MB is one whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    http    = { memory_mb = 1024, reserved_concurrency = -1, provisioned_concurrency = 0 }
    stream  = { memory_mb = 512 }
    outbox  = { memory_mb = 512 }
    migrate = { memory_mb = 512 }
  }
}

variable "http_version" {
  description = "The published version of http that serves; null: the one just applied. Set it to an earlier one to roll back."
  type        = string
  default     = null
}

variable "tuning" {
  description = "The service's own tuning: LOG_LEVEL, COUNTER_SHARDS, ARCHIVE_AFTER_DAYS."
  type        = object({ log_level = string, counter_shards = number, archive_after_days = number })
  default     = { log_level = "info", counter_shards = 1, archive_after_days = 90 }
}

variable "throttle" {
  description = "Requests a second and burst: of the whole API, and of the public counter."
  type        = object({ rate = number, burst = number, counter_rate = number, counter_burst = number })
  default     = { rate = 50, burst = 100, counter_rate = 10, counter_burst = 20 }
}

variable "cors_origins" {
  description = "Origins whose pages may call the API, such as https://app.example.com; none: no page may."
  type        = list(string)
  default     = []
}

variable "domain" {
  description = "A name of one's own, with the ARN of its ACM certificate in the same region; null: API Gateway's address."
  type        = object({ name = string, certificate_arn = string })
  default     = null
}

variable "database" {
  description = "PostgreSQL's size and safety. Storage grows by itself up to max_storage_gb. most_connections: an alarm from there on, about 80 % of the class's max_connections."
  type = object({
    instance_class        = string
    engine_version        = string
    storage_gb            = number
    max_storage_gb        = number
    multi_az              = bool
    backup_retention_days = number
    most_connections      = number
  })
  default = {
    instance_class        = "db.t4g.micro"
    engine_version        = "18"
    storage_gb            = 20
    max_storage_gb        = 50
    multi_az              = false
    backup_retention_days = 3
    most_connections      = 80
  }
}

variable "signing_key" {
  description = "The token signing key, 32 bytes or more: TF_VAR_signing_key=$(openssl rand -base64 48). It is written to Secrets Manager by the first apply and when signing_key_version is raised, ignored by the others, and never in state."
  type        = string
  ephemeral   = true
}

variable "signing_key_version" {
  description = "Raise it to write a new signing key."
  type        = number
  default     = 1
}

variable "app_password_version" {
  description = "Raise it to give the functions' role in PostgreSQL a new password."
  type        = number
  default     = 1
}

variable "event_archive_days" {
  description = "How long the archive keeps events for a replay."
  type        = number
  default     = 7
}

variable "webhook" {
  description = "Where record.created is forwarded to, by POST; null: nowhere. retry_within_seconds is at most a day."
  type = object({
    url                  = string
    api_key_header       = optional(string, "x-api-key")
    requests_a_second    = optional(number, 10)
    retry_attempts       = optional(number, 185)
    retry_within_seconds = optional(number, 86400)
  })
  default = null
}

variable "webhook_api_key" {
  description = "What the webhook's receiver knows us by."
  type        = string
  default     = null
  sensitive   = true
}

variable "subscribers" {
  description = "More targets by name: which events, and the ARN of a queue, topic or function that lets this rule in."
  type = map(object({
    detail_types = list(string)
    target_arn   = string
    role_arn     = optional(string)
  }))
  default = {}
}

variable "log_retention_days" {
  description = "How long all logs are kept."
  type        = number
  default     = 7
}

variable "alarm_email" {
  description = "Who is told of alarms; null: subscribe to the topic yourself."
  type        = string
  default     = null
}

variable "monthly_budget_usd" {
  description = "What a month may cost, in US dollars."
  type        = number
  default     = 120
}
