variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "arn_scope" {
  description = "Where this runs, for composing ARNs."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "cidr" {
  description = "IPv4 range of the VPC, at most a /24 so that each zone gets a subnet of its own."
  type        = string
}

variable "zones" {
  description = "In how many zones there are subnets. RDS and RDS Proxy need two at least."
  type        = number
}

variable "availability_zones" {
  description = "The zones by name; null: the first ones of the region."
  type        = list(string)
}

variable "endpoint_zones" {
  description = "In how many of the zones the interface endpoints stand; each costs by the hour."
  type        = number
}

variable "proxy" {
  description = "Whether functions reach PostgreSQL through RDS Proxy, or directly."
  type        = bool
}

variable "mail_sending_arns" {
  description = "What mail is sent with, through an endpoint of its own; none: there is no way to SES."
  type        = list(string)
}

variable "flow_logs" {
  description = "Whether the VPC's connections are logged."
  type        = bool
}

variable "log_retention_days" {
  description = "How long flow logs are kept."
  type        = number
}

variable "permissions_boundary" {
  description = "The policy that bounds each role; null: none."
  type        = string
}
