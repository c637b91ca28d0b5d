variable "name" {
  description = "Prefix of every name, such as duet-dev."
  type        = string
}

variable "arn_scope" {
  description = "Where this runs, for composing ARNs."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "domain" {
  description = "A name of one's own, with its certificate in us-east-1; null: CloudFront's own address."
  type        = object({ name = string, certificate_arn = string })
}

variable "api_source" {
  description = "Where the app may call: the API's origin, as a content security policy writes it."
  type        = string
}
