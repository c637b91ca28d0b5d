variable "name" {
  description = "The role's name."
  type        = string
}

variable "service" {
  description = "Who takes it, such as rds.amazonaws.com."
  type        = string
}

variable "account_id" {
  description = "The account on whose behalf it may be taken, and no other's."
  type        = string
}

variable "allowed" {
  description = "What it may do, by the statement's id."
  type        = map(object({ actions = list(string), resources = list(string) }))
}

variable "permissions_boundary" {
  description = "The policy that bounds the role; null: none."
  type        = string
}
