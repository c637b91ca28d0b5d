output "url" {
  description = "Where the app is: an origin that the API lets in."
  value       = var.domain == null ? "https://${aws_cloudfront_distribution.web.domain_name}" : "https://${var.domain.name}"
}

output "domain_target" {
  description = "What the domain's DNS alias must point at."
  value       = aws_cloudfront_distribution.web.domain_name
}

output "bucket" {
  description = "Where the app's files go."
  value       = aws_s3_bucket.web.bucket
}

output "distribution" {
  description = "The distribution to invalidate when files have changed."
  value       = aws_cloudfront_distribution.web.id
}
