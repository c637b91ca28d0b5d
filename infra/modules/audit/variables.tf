variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "arn_scope" {
  description = "Where this runs, for composing ARNs."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "log_groups" {
  description = "The logs with audit lines, by function."
  type        = map(string)
}

variable "retention_days" {
  description = "How long audit lines are kept."
  type        = number
}

variable "log_retention_days" {
  description = "How long it is kept what could not be delivered."
  type        = number
}

variable "deletion_protection" {
  description = "Whether the bucket refuses to be deleted while lines are in it."
  type        = bool
}

variable "permissions_boundary" {
  description = "The policy that bounds each role; null: none."
  type        = string
}
