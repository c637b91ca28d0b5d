variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "region" {
  description = "Region, for the names of the endpoint services."
  type        = string
}

variable "cidr" {
  description = "IPv4 range of the VPC, at most a /24 so that each zone gets a subnet of its own."
  type        = string
}

variable "availability_zones" {
  description = "Zones of the private subnets. RDS and RDS Proxy need two at least."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) >= 2 && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "Give at least two different availability zones: an RDS subnet group needs them."
  }
}

variable "endpoint_zones" {
  description = "In how many of the zones the interface endpoints stand; each costs by the hour. One is enough where an outage of a zone is bearable."
  type        = number
}
