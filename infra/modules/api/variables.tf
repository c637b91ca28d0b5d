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

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
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

variable "http_version" {
  description = "The published version of http that serves; null: the one just applied. Set it to an earlier one to roll back."
  type        = string
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
    counter   = map(string)
    archive   = map(string)
  })
}

variable "signing_key" {
  description = "The token signing key, 32 bytes or more; written once for each signing_key_version and kept out of the state."
  type        = string
  ephemeral   = true
}

variable "signing_key_version" {
  description = "Raise it to write a new signing key."
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
  description = "Whom functions are to PostgreSQL; by user what rds-db:connect is granted on, known once the proxy stands; and the secret of which migrate makes the application's role."
  type = object({
    users        = object({ owner = string, application = string })
    connect_arns = map(string)
    app_secret   = object({ name = string, arn = string, version = number })
  })
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
