output "application" {
  description = "CodeDeploy's application."
  value       = aws_codedeploy_app.http.name
}

output "deployment_group" {
  description = "CodeDeploy's deployment group."
  value       = aws_codedeploy_deployment_group.http.deployment_group_name
}
