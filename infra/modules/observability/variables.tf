variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "arn_scope" {
  description = "Where this runs, for composing ARNs."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "alarm_email" {
  description = "Where alarms are sent; null: to those who subscribe to the topic."
  type        = string
}

variable "monthly_budget_usd" {
  description = "At 80 % of it spent, or all of it forecast, the alarm topic gets a message."
  type        = number
}

variable "api_id" {
  description = "The HTTP API."
  type        = string
}

variable "functions" {
  description = "Name, log group and time limit of each function."
  type        = map(object({ name = string, log_group = string, timeout_seconds = number }))
}

variable "queue_names" {
  description = "Queues that must stay empty."
  type        = map(string)
}

variable "rule_names" {
  description = "Rules on the bus."
  type        = list(string)
}

variable "bus_name" {
  description = "The event bus."
  type        = string
}

variable "table_names" {
  description = "The tables, by their key in tables.json."
  type        = map(string)
}

variable "database" {
  description = "The instance, the proxy before it or null, and from where on connections and free storage are alarming."
  type = object({
    instance        = string
    proxy           = string
    max_connections = number
    min_storage_gb  = number
  })
}

variable "mail_set" {
  description = "The configuration set of mails; null: there is no mail."
  type        = string
}

variable "thresholds" {
  description = "p99 latency of the API in milliseconds, the share of 5xx in percent, age of the outbox and of the streams in seconds, bounced mails an hour."
  type = object({
    latency_p99_ms         = number
    server_errors_percent  = number
    outbox_age_seconds     = number
    iterator_age_seconds   = number
    code_cache_rejections  = number
    undelivered_to_webhook = number
    mail_bounces           = number
  })
}
