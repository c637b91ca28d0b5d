variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the tables refuse to be deleted."
  type        = bool
}
