output "state_bucket" {
  description = "Where every state is: npm run deploy knows it by its name."
  value       = aws_s3_bucket.state.bucket
}

output "permissions_boundary" {
  description = "The policy that bounds each role of an environment."
  value       = aws_iam_policy.boundary.arn
}

output "github_role_arns" {
  description = "For the repository's variables AWS_DEPLOY_ROLE, AWS_PLAN_ROLE and AWS_DRIFT_ROLE."
  value       = { for key, role in aws_iam_role.github : key => role.arn }
}
