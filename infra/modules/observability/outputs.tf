output "dashboard_url" {
  description = "The dashboard in the console."
  value       = "https://${var.arn_scope.region}.console.aws.amazon.com/cloudwatch/home?region=${var.arn_scope.region}#dashboards/dashboard/${var.name}"
}

output "alarm_topic_arn" {
  description = "Subscribe to it to get the alarms."
  value       = aws_sns_topic.alarms.arn
}
