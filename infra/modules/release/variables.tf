variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "arn_scope" {
  description = "Where this runs, for composing ARNs."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "deployment_config" {
  description = "How requests are shifted, such as CodeDeployDefault.LambdaCanary10Percent5Minutes."
  type        = string
}

variable "function" {
  description = "The function whose alias moves, and the version that comes next."
  type        = object({ name = string, arn = string, alias = string, version = string })
}

variable "latency_p99_ms" {
  description = "The slowest hundredth of the new version's calls may take so long."
  type        = number
}

variable "alarm_topic_arn" {
  description = "Where alarms are sent."
  type        = string
}

variable "permissions_boundary" {
  description = "The policy that bounds each role; null: none."
  type        = string
}
