variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "arn_scope" {
  description = "Where this runs, for composing ARNs."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "archive_days" {
  description = "How long the archive keeps events for a replay."
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
}

variable "webhook_api_key" {
  description = "The value of the header. EventBridge keeps it in a secret of its own; the provider keeps it in state, too, for it has no write-only argument for it."
  type        = string
  sensitive   = true
}

variable "subscribers" {
  description = "More targets by name: events to forward and whom to. A queue, topic or function allows the rule itself; a bus or a stream needs role_arn."
  type = map(object({
    detail_types = list(string)
    target_arn   = string
    role_arn     = optional(string)
  }))
}

variable "permissions_boundary" {
  description = "The policy that bounds each role; null: none."
  type        = string
}
