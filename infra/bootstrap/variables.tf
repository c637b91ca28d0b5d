variable "account_id" {
  description = "The AWS account; the provider refuses any other."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of an AWS account."
  }
}

variable "region" {
  description = "The AWS region of the state and of the environments."
  type        = string
  default     = "eu-central-1"
}

variable "partition" {
  description = "aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"
}

variable "repository" {
  description = "owner/name of the GitHub repository whose workflows deploy; null: none does, and there are no roles for it."
  type        = string
  default     = null

  validation {
    condition     = var.repository == null || can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "repository must be owner/name, as GitHub spells it."
  }
}

variable "environments" {
  description = "The repository's environments from which a workflow may deploy; approvals are theirs to ask for."
  type        = set(string)
  default     = ["dev", "prod"]
}

variable "oidc_provider" {
  description = "Whether to make GitHub's identity provider: an account has one, so false where it is there already."
  type        = bool
  default     = true
}
