variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "arn_scope" {
  description = "Where this runs, for composing ARNs."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "package_dir" {
  description = "The folder of http.zip, stream.zip, outbox.zip and migrate.zip, as npm run package leaves them."
  type        = string
}

variable "architecture" {
  description = "arm64 or x86_64: that which the packages' native binaries were made for."
  type        = string
}

variable "runtime" {
  description = "Lambda's Node, such as nodejs22.x."
  type        = string
}

variable "functions" {
  description = "Size of each function. reserved_concurrency -1: shares the account's; provisioned_concurrency 0: none."
  type = object({
    http    = object({ memory_mb = number, reserved_concurrency = number, provisioned_concurrency = number })
    stream  = object({ memory_mb = number })
    outbox  = object({ memory_mb = number })
    migrate = object({ memory_mb = number })
  })
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
}

variable "variables" {
  description = "Environment variables by concern, of which each function is given what it uses; those of tables by their key in tables.json."
  type = object({
    tables    = map(map(string))
    postgres  = map(string)
    events    = map(string)
    log_level = map(string)
    metrics   = map(string)
    mail      = map(string)
    counter   = map(string)
    archive   = map(string)
  })
}

variable "signing_key_version" {
  description = "Raise it to have a new signing key made."
  type        = number
}

variable "secret_recovery_days" {
  description = "For how long a deleted secret can be restored; 0 deletes at once."
  type        = number
}

variable "network" {
  description = "Subnets and security group of the functions."
  type        = object({ subnet_ids = list(string), security_group_id = string })
}

variable "tables" {
  description = "Table names, their indexes and streams, by their key in tables.json."
  type = object({
    names       = map(string)
    indexes     = map(list(string))
    stream_arns = map(string)
  })
}

variable "bus_arn" {
  description = "The event bus."
  type        = string
}

variable "database" {
  description = "How functions sign in to PostgreSQL; see the database module's output."
  type = object({
    users            = object({ owner = string, application = string })
    connect_arns     = map(string)
    proxy            = bool
    secret_name      = string
    secret_arn       = string
    password_version = number
  })
}

variable "mail_sending_arns" {
  description = "The identity and the configuration set that mail is sent with; none: no mail."
  type        = list(string)
}

variable "throttle" {
  description = "Requests a second and burst: of the whole API, and of the public counter."
  type = object({
    rate          = number
    burst         = number
    counter_rate  = number
    counter_burst = number
  })
}

variable "cors_origins" {
  description = "Origins whose pages may call the API; none: no CORS headers at all."
  type        = list(string)
}

variable "domain" {
  description = "A name of one's own, with its certificate in this region; null: API Gateway's own address."
  type        = object({ name = string, certificate_arn = string })
}

variable "route_metrics" {
  description = "Whether there are metrics by route."
  type        = bool
}

variable "permissions_boundary" {
  description = "The policy that bounds each role; null: none."
  type        = string
}
