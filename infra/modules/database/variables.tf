variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "arn_scope" {
  description = "Where this runs, for composing ARNs."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "subnet_ids" {
  description = "Private subnets in two zones or more."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups of the proxy, where there is one, and of the database."
  type        = object({ proxy = string, database = string })
}

variable "settings" {
  description = "Size and safety; max_storage_gb above storage_gb lets the storage grow by itself; proxy puts RDS Proxy before the instance."
  type = object({
    instance_class        = string
    engine_version        = string
    storage_gb            = number
    max_storage_gb        = number
    multi_az              = bool
    proxy                 = bool
    backup_retention_days = number
  })

  validation {
    condition     = var.settings.backup_retention_days >= 1 && var.settings.backup_retention_days <= 35
    error_message = "Backups must be kept 1 to 35 days: without them there is no point-in-time recovery."
  }

  validation {
    condition     = var.settings.max_storage_gb >= var.settings.storage_gb
    error_message = "max_storage_gb must not be less than storage_gb."
  }
}

variable "deletion_protection" {
  description = "Whether the instance refuses to be deleted, changes wait for the maintenance window and a final snapshot is kept."
  type        = bool
}

variable "app_password_version" {
  description = "Raise it to give the functions' role in PostgreSQL a new password."
  type        = number
}

variable "log_retention_days" {
  description = "How long the server's and the proxy's logs are kept."
  type        = number
}

variable "permissions_boundary" {
  description = "The policy that bounds each role; null: none."
  type        = string
}
