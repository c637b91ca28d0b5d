# One set for every environment. What differs by kind is in dev.tfvars and prod.tfvars; what is yours (account, domain, receivers) goes
# into a terraform.tfvars beside them, or into TF_VAR_… in a pipeline. npm run deploy gives the first six.

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
  default     = "eu-central-1"
}

variable "architecture" {
  description = "arm64 or x86_64, as the packages were built: their native binaries are for one of them."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "package_dir" {
  description = "Where npm run package left the functions' zip files."
  type        = string
  default     = "../../dist/lambda"
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role, as infra/bootstrap made it; null: none. The pipeline's role may make no role without it."
  type        = string
  default     = null
}

variable "partition" {
  description = "aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"
}

variable "runtime" {
  description = "Lambda's Node. nodejs24.x needs version 6 of the provider, and packages made with its Node for their code cache (infra/package/runtime.mjs)."
  type        = string
  default     = "nodejs22.x"

  validation {
    condition     = can(regex("^nodejs(22|24)\\.x$", var.runtime))
    error_message = "runtime must be nodejs22.x or nodejs24.x: those the packages are tested on."
  }
}

variable "deletion_protection" {
  description = "Whether tables and database refuse to be deleted, a final snapshot is kept and secrets can be restored."
  type        = bool
}

variable "cidr" {
  description = "IPv4 range of the VPC, at most a /24."
  type        = string
}

variable "zones" {
  description = "In how many zones of the region the VPC has subnets, two or more."
  type        = number

  validation {
    condition     = var.zones >= 2
    error_message = "zones must be two or more: an RDS subnet group needs them."
  }
}

variable "availability_zones" {
  description = "The zones by name; null: the first ones of the region."
  type        = list(string)
  default     = null

  validation {
    condition     = var.availability_zones == null || try(length(distinct(var.availability_zones)), 0) >= var.zones
    error_message = "availability_zones must name as many different zones as zones says, or be left out."
  }
}

variable "endpoint_zones" {
  description = "In how many of the zones the interface endpoints stand; each costs by the hour. One is enough where an outage of a zone is bearable."
  type        = number
}

variable "flow_logs" {
  description = "Whether the VPC's connections are logged, by metadata: $0.50 a GB."
  type        = bool
  default     = false
}

variable "functions" {
  description = "Size of each function. reserved_concurrency -1 shares the account's; provisioned_concurrency keeps so many environments warm."
  type = object({
    http    = object({ memory_mb = number, reserved_concurrency = optional(number, -1), provisioned_concurrency = optional(number, 0) })
    stream  = object({ memory_mb = number })
    outbox  = object({ memory_mb = number })
    migrate = object({ memory_mb = number })
  })
}

variable "release" {
  description = "How requests move to a new version of http: a deployment configuration of CodeDeploy."
  type        = string

  validation {
    condition     = startswith(var.release, "CodeDeployDefault.Lambda")
    error_message = "release must be one of CodeDeploy's own configurations for Lambda, such as CodeDeployDefault.LambdaCanary10Percent5Minutes."
  }
}

variable "tuning" {
  description = "The service's own tuning: LOG_LEVEL, COUNTER_SHARDS, ARCHIVE_AFTER_DAYS."
  type        = object({ log_level = string, counter_shards = number, archive_after_days = number })
}

variable "throttle" {
  description = "Requests a second and burst: of the whole API, and of the public counter."
  type        = object({ rate = number, burst = number, counter_rate = number, counter_burst = number })
}

variable "route_metrics" {
  description = "Whether API Gateway keeps metrics by route: up to $30 a month, four for each route that is in use."
  type        = bool
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

variable "web" {
  description = "The app on CloudFront, under a name of its own with the ARN of its ACM certificate in us-east-1, or under CloudFront's; null: no app, as where a partition has no CloudFront."
  type        = object({ domain = optional(object({ name = string, certificate_arn = string })) })
  default     = {}

  validation {
    condition     = try(var.web.domain, null) == null || try(strcontains(var.web.domain.certificate_arn, ":us-east-1:"), false)
    error_message = "web.domain.certificate_arn must be of us-east-1: CloudFront takes no other."
  }
}

variable "mail" {
  description = "Mail by SES: the domain it comes from, and the sender in it, such as \"Duet <no-reply@example.com>\"; null: no mail, and no password can be reset. No two environments of an account and region can have one domain. app_url is where the links in mails lead, if not to the app on CloudFront."
  type        = object({ domain = string, from = string, app_url = optional(string) })
  default     = null

  validation {
    condition     = var.mail == null || can(regex("^([^<>]* <)?[^@<> ]+@${try(var.mail.domain, "")}>?$", var.mail.from))
    error_message = "mail.from must be an address at mail.domain, alone or as \"Name <address>\"."
  }

  validation {
    condition     = var.mail == null || try(startswith(var.mail.app_url, "https://"), var.web != null)
    error_message = "mail.app_url must start with https://, and be there without the app on CloudFront."
  }
}

variable "database" {
  description = "PostgreSQL's size and safety. Storage grows by itself up to max_storage_gb. max_connections: an alarm from there on, about 80 % of the class's own. proxy = false connects directly, which saves $22 a month and suits a few dozen environments of Lambda at most."
  type = object({
    instance_class        = string
    engine_version        = optional(string, "18")
    storage_gb            = number
    max_storage_gb        = number
    multi_az              = bool
    proxy                 = optional(bool, true)
    backup_retention_days = number
    max_connections       = number
  })
}

variable "signing_key_version" {
  description = "Raise it to have a new token signing key made."
  type        = number
  default     = 1
}

variable "app_password_version" {
  description = "Raise it to give the functions' role in PostgreSQL a new password."
  type        = number
  default     = 1
}

variable "event_archive_days" {
  description = "How long the bus's archive keeps events for a replay. An erased user's events stay so long: docs/consistency.md, promise 6."
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

  validation {
    condition     = var.webhook == null || startswith(try(var.webhook.url, ""), "https://")
    error_message = "webhook.url must start with https://."
  }
}

variable "webhook_api_key" {
  description = "The key by which the webhook's receiver authenticates us."
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
}

variable "audit_retention_days" {
  description = "How long the audit lines among them are kept, in a bucket of their own."
  type        = number
}

variable "alarm_email" {
  description = "Where alarms are sent; null: subscribe to the topic yourself."
  type        = string
  default     = null
}

variable "monthly_budget_usd" {
  description = "What a month may cost, in US dollars."
  type        = number
}

variable "thresholds" {
  description = "Where alarms begin; see the observability module."
  type = object({
    latency_p99_ms         = optional(number, 2000)
    server_errors_percent  = optional(number, 1)
    outbox_age_seconds     = optional(number, 300)
    iterator_age_seconds   = optional(number, 300)
    code_cache_rejections  = optional(number, 0)
    undelivered_to_webhook = optional(number, 0)
    mail_bounces           = optional(number, 5)
  })
  default = {}
}
