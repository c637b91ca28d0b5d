output "bucket" {
  description = "Where the audit lines are: gzipped, a JSON object a line, by day."
  value       = aws_s3_bucket.audit.bucket
}
